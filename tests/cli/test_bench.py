"""``streamcam bench``."""

from __future__ import annotations

import json

import pytest

from streamcam.cli.bench import _print
from streamcam.diagnose.bench import BenchReport, StageCost


def test_bench_as_table_and_as_json(cli, capsys, small_model):
    options = ["-m", small_model, "--frames", "30", "--resolution", "160x90", "--precision", "f32"]
    code, out, _ = cli("bench", *options, "--json")
    assert code == 0
    report = json.loads(out)
    assert [stage["name"] for stage in report["stages"]] == ["decode", "resize", "explain", "steady", "draw", "encode"]
    assert all(0 < stage["median_ms"] <= stage["p95_ms"] for stage in report["stages"])
    assert sum(stage["share"] for stage in report["stages"]) == pytest.approx(1)
    assert 0 < report["first_heatmap_warm"] < report["first_heatmap_cold"]
    assert report["loop_fps"] > 0
    assert report["memory_mb"] > 0
    stages = [StageCost(**stage) for stage in report["stages"]]
    _print(BenchReport(**report | {"stages": stages}))
    out = capsys.readouterr().out
    assert "explain" in out
    assert f"{report['loop_fps']:.1f} frames a second" in out
    assert cli("bench", "--resolution", "wide")[0] == 2
