"""A cluster that loses parts of itself."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

from makers import clips
from makers.needs import need_module
from makers.runs import bytes_of, call

SIZE = (64, 48)


def test_a_cluster_that_loses_an_actor_a_process_and_a_node_loses_no_file(model, tmp_path):
    need_module("ray", "is the cluster")
    source = tmp_path / "in"
    source.mkdir()
    clip = clips.write_clip(source / "00.mp4", 400, size=SIZE)
    for number in range(1, 24):
        shutil.copy(clip, source / f"{number:02d}.mp4")
    script = Path(__file__).parents[1] / "makers" / "ray_faults.py"
    done = subprocess.run(
        [sys.executable, str(script), str(source), str(tmp_path / "out"), str(model)],
        capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    [said] = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]  # Ray writes there too
    assert said["faults"] == ["actor killed", "process killed", "node removed"]
    assert sorted(name for name, *_ in said["outcomes"]) == sorted(str(path) for path in source.iterdir())
    assert {state for _, state, _ in said["outcomes"]} == {"done"}
    [alone] = [tmp_path / "alone.cam.mp4"]
    call(clip, "-o", alone, model=model)
    results = bytes_of(tmp_path / "out")
    assert len(results) == 24
    assert set(results.values()) == {hashlib.sha256(alone.read_bytes()).hexdigest()}
