"""How far an archive is, held against what is there."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest
from makers import clips
from makers.runs import command, streamcam

from streamcam import annotate_all
from streamcam.batch.standing import RunNote, status_of
from streamcam.errors import SourceError
from streamcam.system.wire import to_json


def noted(out: Path) -> dict[str, int]:
    """How many entries say what."""
    found = {"done": 0, "failed": 0}
    for path in (out / ".streamcam").glob("*.json"):
        found[json.loads(path.read_text())["state"]] += 1
    return found


@pytest.mark.parametrize("workers", [1, 2])
def test_it_is_right_at_every_moment(tmp_path, tiny_model, workers):
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for number in range(8):
        clips.write_clip(source / f"{number}.mp4", 60, size=(320, 240))
    (source / "bad.mp4").write_bytes(b"no film")
    process = subprocess.Popen(
        command(source, "-o", out, "--workers", workers, model=tiny_model), stderr=subprocess.PIPE, text=True
    )
    moments, busy = 0, 0
    while process.poll() is None:
        if (out / ".streamcam").is_dir():
            before = noted(out)
            status = status_of(out)
            after = noted(out)
            assert before["done"] <= status.done <= after["done"]
            assert before["failed"] <= len(status.failed) <= after["failed"]
            moments += 1
            for run in status.runs:
                busy += 1
                assert run.pid == process.pid
                assert run.to_do - run.over == status.left
                assert len(run.under_way) <= workers
                for one in run.under_way:
                    assert Path(one.source).parent == source
                    assert 0 <= one.frames <= 60
        time.sleep(0.02)
    process.communicate()
    assert process.returncode == 1
    assert moments >= 20
    assert busy
    end = status_of(out)
    assert (end.done, [Path(name).name for name, _ in end.failed]) == (8, ["bad.mp4"])
    assert (end.runs, end.broken_off, end.left) == ((), 0, 0)


def test_a_run_that_was_killed_is_told_from_one_at_work(tmp_path, source, settings):
    out = tmp_path / "out"
    list(annotate_all(source, out, settings=settings))
    runs = out / ".streamcam" / "runs"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    now = time.time()
    for number, (host, pid, updated) in enumerate(
        [(platform.node(), gone.pid, now), ("elsewhere", 1, now - 1000), ("elsewhere", 1, now)]
    ):
        note = RunNote(host, pid, now - 2000, updated, False, 10, 4, 1000, now - 1000)
        (runs / f"{number}.json").write_text(to_json(note))
    (runs / "broken.json").write_text("{")
    status = status_of(out)
    assert [run.host for run in status.runs] == ["elsewhere"]
    assert (status.broken_off, status.left, status.done) == (2, 6, 3)
    assert status.seconds_left == pytest.approx(6 / (4 / 2000))
    with pytest.raises(SourceError, match="holds no results that streamcam remembers"):
        status_of(tmp_path)


def test_the_command_says_it_in_words_and_for_programs(tmp_path, source, tiny_model):
    (source / "bad.mp4").write_bytes(b"no film")
    assert streamcam("annotate", source, "-o", "out", "-m", tiny_model, cwd=tmp_path).returncode == 1
    said = streamcam("status", "out", cwd=tmp_path)
    assert said.returncode == 0
    assert said.stdout.startswith("out: 3 done, 1 failed, nobody is at work\n")
    assert "bad.mp4: " in said.stdout
    machine = json.loads(streamcam("status", "out", "--json", "--watch", cwd=tmp_path).stdout)
    assert (machine["done"], len(machine["failed"]), machine["runs"]) == (3, 1, [])
    nothing = streamcam("status", "in", cwd=tmp_path)
    assert (nothing.returncode, "holds no results" in nothing.stderr) == (1, True)
