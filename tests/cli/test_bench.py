"""``streamcam bench``."""

from __future__ import annotations

import json

import pytest


def test_bench_as_table_and_as_json(cli, small_model):
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
    code, out, _ = cli("bench", *options)
    assert code == 0
    assert "explain" in out
    assert cli("bench", "--resolution", "wide")[0] == 2
