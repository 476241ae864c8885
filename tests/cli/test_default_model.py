"""The default model is ready at once: no command loads TensorFlow for it, in whatever process."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from makers import clips
from makers.cameras import Camera
from makers.servers import Serving

from streamcam import VideoSource


@pytest.fixture
def without_tensorflow(tmp_path):
    """An environment with an empty cache, whose TensorFlow and Keras cannot be imported."""
    for name in ("tensorflow", "keras"):
        (tmp_path / "none" / name).mkdir(parents=True)
        (tmp_path / "none" / name / "__init__.py").write_text(f"raise ImportError('{name} was loaded')\n")
    return {"PYTHONPATH": str(tmp_path / "none"), "STREAMCAM_CACHE": str(tmp_path / "cold")}


def streamcam(*arguments, environment, folder):
    return subprocess.run(
        [sys.executable, "-P", "-m", "streamcam", *map(str, arguments)],
        cwd=folder, env=os.environ | environment, capture_output=True, text=True,
    )  # fmt: skip


def test_annotate(without_tensorflow, tmp_path):
    clips.write_clip(tmp_path / "a.mp4", 4, size=(160, 90))
    targets = [word for name in ("top1", "tabby", "espresso vs cup") for word in ("--target", name)]
    done = streamcam("annotate", "a.mp4", *targets, environment=without_tensorflow, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    with VideoSource(tmp_path / "a.cam.mp4") as source:
        assert sum(1 for _ in source) == 4
    refused = streamcam("annotate", "a.mp4", "--engine", "tensorflow", environment=without_tensorflow, folder=tmp_path)
    assert refused.returncode != 0, "the test would not notice"


def test_live(without_tensorflow, tmp_path):
    clips.write_clip(tmp_path / "a.mp4", 30, size=(160, 90))
    arguments = ("live", "a.mp4", "--no-window", "--stats", "run.json")
    done = streamcam(*arguments, environment=without_tensorflow, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "run.json").read_text())["frames"]["explained"] > 0


def test_serve(without_tensorflow):
    with (
        Camera(width=320, height=180) as camera,
        Serving(camera.url, **without_tensorflow) as serving,
        serving.connected() as viewer,
    ):
        viewer.explained()
        viewer.send(do="explain", classes=[281, 967])
        serving.wait(lambda: [index for index, _ in viewer.explained()["targets"]] == [281, 967])
        viewer.send(do="method", method="hirescam")
        viewer.state(method="hirescam")
        assert viewer.explained()["targets"]
