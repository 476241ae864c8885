"""Worker processes: they die, they are interrupted, they cannot begin, and no file is lost."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from makers import clips
from makers.runs import command, videos_in

from streamcam.batch.driver import Batch
from streamcam.batch.jobs import plan
from streamcam.batch.manifest import Manifest
from streamcam.batch.workers import WorkerProcesses, usable_cores
from streamcam.errors import StreamcamError

SIZE = (64, 48)


def test_a_worker_that_dies_takes_only_its_task_with_it(originals, model, tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(originals / "1", source)
    long_clip = clips.write_clip(source / "000.mp4", 1500, size=SIZE)
    process = subprocess.Popen(
        command(source, "-o", out, "--workers", 2, model=model),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    part = out / "000.cam.part.mp4"
    end = time.monotonic() + 100
    killed = None
    while not killed:
        assert time.monotonic() < end
        for worker in psutil.Process(process.pid).children():
            if part.exists() and any(Path(file.path).name == part.name for file in worker.open_files()):
                worker.kill()
                killed = worker
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr
    assert len(clips.decoded(out / "000.cam.mp4")) == 1500
    assert len(list(out.glob("*.cam.mp4"))) == len(list(source.iterdir()))
    assert not list(out.rglob("*.part*"))
    assert long_clip.exists()


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C of another process is POSIX' alone")
def test_an_interrupt_ends_all_workers_and_the_same_command_goes_on(originals, model, tmp_path):
    out = tmp_path / "out"
    arguments = command(originals, "-o", out, "--workers", 2, model=model)
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 100
    while videos_in(out) < 5:
        assert time.monotonic() < end
        time.sleep(0.05)
    workers = psutil.Process(process.pid).children()
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on where it ended" in stderr
    counted = re.search(r"^(\d+) of 90 inputs done, (\d+) failed, (\d+) not begun", stderr, re.MULTILINE)
    done, failed, left = map(int, counted.groups())
    assert done >= 5 - 2  # the last one of each worker may not be told yet
    assert done + failed + left == 90
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive


def test_workers_that_cannot_begin_end_the_run(source, settings, tmp_path, monkeypatch):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "cv2.py").write_text("raise SystemExit(3)")
    monkeypatch.setenv("PYTHONPATH", str(broken))
    jobs = plan([source], tmp_path / "out").jobs
    batch = Batch(jobs, Manifest(tmp_path / "out", settings), settings)
    with pytest.raises(StreamcamError, match="3 worker processes ended before they could begin"):
        list(batch.run(WorkerProcesses(settings, 2), lambda progress: None))
    assert not list((tmp_path / "out" / ".streamcam").glob("*.json"))  # no file's fault


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no affinity")
def test_cores_that_a_scheduler_has_not_given_are_not_counted():
    code = "import os; os.sched_setaffinity(0, {0}); from streamcam.batch.workers import usable_cores as n; print(n())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == 1 <= usable_cores()
