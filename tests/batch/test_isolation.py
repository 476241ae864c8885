"""Nothing that lies beside the videos is ever run, whatever it is called."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from makers import clips
from makers.needs import need_module

import streamcam
from streamcam import LiveSource
from streamcam.explainers.prepare import prepare
from streamcam.settings import CaptureSettings, ExplainSettings, ModelSettings

TRAPS = (
    "json",
    "numpy",
    "cv2",
    "msgspec",
    "h5py",
    "av",
    "psutil",
    "keras",
    "tensorflow",
    "filelock",
    "queue",
    "streamcam",
)


@pytest.fixture
def folder(tmp_path, tiny_model):
    """Videos, and modules that note that they were run; the current folder of a process that a test starts."""
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        clips.write_clip(folder / name, 5)
    for name in TRAPS:
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write('{name} ')\nraise SystemExit\n")
    return folder


def ran(folder):
    noted = folder.parent / "ran"
    return noted.read_text() if noted.exists() else ""


def run(folder, *arguments):
    # Wherever this package comes from, it comes from there.
    environment = os.environ | {"PYTHONPATH": str(Path(streamcam.__file__).parents[1])}
    code = "from streamcam.cli import main; main()"
    start = ["-m", "streamcam"] if arguments[0] == "-m" else ["-P", "-c", code]
    return subprocess.run(
        [sys.executable, *start, *map(str, arguments[arguments[0] == "-m" :])],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_by_worker_processes(folder, tiny_model):
    done = run(folder, "annotate", "a.mp4", "b.mp4", "-m", tiny_model, "-j", 2)
    assert done.returncode == 0, done.stderr
    assert ran(folder) == ""


def test_by_the_program_that_is_started_as_a_module(folder, tiny_model):
    (folder / "streamcam.py").unlink()  # Python itself looks for the program here, before any of it is run
    done = run(folder, "-m", "annotate", "a.mp4", "-m", tiny_model)
    assert done.returncode == 0, done.stderr
    assert ran(folder) == ""


def test_by_the_preparation_of_a_model(folder, tiny_model, tmp_path, monkeypatch):
    monkeypatch.chdir(folder)
    model = ModelSettings(model=str(tiny_model))
    assert prepare(model, ExplainSettings(), (48, 64), cache=tmp_path / "cache")
    assert ran(folder) == ""


def test_by_the_reader_of_live_sources(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep + os.environ.get("PYTHONPATH", ""))
    with LiveSource("a.mp4", CaptureSettings(loop=True)) as source:
        assert next(
            frame for frame in source if frame.image.shape == (48, 64, 3)
        )  # before it, others say what is tried
    assert ran(folder) == ""


def test_by_actors_of_a_cluster(folder, tiny_model):
    need_module("ray", "is the cluster")
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    done = run(folder, "annotate", "a.mp4", "b.mp4", "-m", tiny_model, "--ray")
    assert done.returncode == 0, done.stderr
    assert ran(folder) == ""
