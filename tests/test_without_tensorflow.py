"""A minimal installation: what works without TensorFlow, and what is said where it is needed.

``STREAMCAM_LITE_PYTHON`` names the Python of an environment without it, as CI makes one. Without such a one, TensorFlow and
Keras are hidden from the tests' own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import tomllib
import venv
from pathlib import Path

import cv2
import pytest
from makers import graphs, models

ROOT = Path(__file__).parents[1]
NEEDS = "needs TensorFlow, which is not installed; pip install tensorflow keras"

# What ``site`` runs at the start of the environment's Python: TensorFlow and Keras are not there.
HIDE = """
import importlib.abc, sys
class Hidden(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "keras", "tf_keras"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hidden())
import importlib.util
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in ("tensorflow", "keras") else real(name, package)
"""


@pytest.fixture(scope="module")
def lite(tmp_path_factory) -> Path:
    if given := os.environ.get("STREAMCAM_LITE_PYTHON"):
        return Path(given)
    folder = tmp_path_factory.mktemp("lite")
    venv.create(folder, with_pip=False)
    python = next(path for path in folder.glob("*/python*") if path.stem == "python")
    place = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    (Path(place) / "sitecustomize.py").write_text(HIDE)
    (Path(place) / "needed.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n")
    return python


@pytest.fixture
def run(lite, tmp_path, sample):
    """A command of the minimal installation."""
    shutil.copy(sample, tmp_path / "clip.mp4")
    shutil.copy(ROOT / "samples" / "cat.jpg", tmp_path)
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*arguments, code=0):
        done = subprocess.run(
            [lite, *map(str, arguments)],
            cwd=tmp_path, env=clean | {"STREAMCAM_CACHE": str(tmp_path / "cache")}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        return done

    return run


def test_tensorflow_is_really_not_there(run):
    run("-c", "import tensorflow", code=1)
    assert "False" in run("-c", "from streamcam.system.libraries import has_tensorflow; print(has_tensorflow())").stdout


def test_the_bundled_model_does_all_it_does(run, tmp_path):
    run("-m", "streamcam", "annotate", "clip.mp4", "--end", "1", "--records", "clip.jsonl", "--method", "layercam")
    assert len((tmp_path / "clip.jsonl").read_text().splitlines()) == 31
    run("-m", "streamcam", "annotate", "cat.jpg", "--target", "tabby vs Egyptian cat", "--precision", "f32")
    assert "top_activation" in run("-m", "streamcam", "layers", "efficientnet-lite0").stdout
    assert "Egyptian cat" in run("-m", "streamcam", "check", "efficientnet-lite0", "cat.jpg").stdout
    run("-m", "streamcam", "evaluate", "cat.jpg", "--frames", "1")
    run("-m", "streamcam", "live", "clip.mp4", "--no-window", "--seconds", "2")
    said = run("-c", "import streamcam; print(streamcam.explain('cat.jpg'))").stdout
    assert "Egyptian cat" in said


def test_other_files_run(run, tmp_path):
    graphs.onnx_classifier(tmp_path / "small.onnx")
    run("-m", "streamcam", "annotate", "cat.jpg", "-m", "small.onnx", "--preprocess", "unit")
    assert cv2.imread(str(tmp_path / "cat.cam.jpg")) is not None


def test_what_needs_it_says_so_in_one_line(run, tmp_path):
    models.flat(rescales=True).model.save(tmp_path / "mine.keras")
    for name, arguments in (
        ("mine.keras", ("annotate", "cat.jpg", "-m", "mine.keras")),
        ("resnet50", ("annotate", "cat.jpg", "-m", "resnet50", "--weights", "none")),
        ("motions", ("annotate", "clip.mp4", "-m", "motions")),
        ("efficientnet-lite0", ("annotate", "cat.jpg", "--engine", "tensorflow")),
        ("resnet50", ("layers", "resnet50")),
    ):
        [line] = [
            line for line in run("-m", "streamcam", *arguments, code=1).stderr.splitlines() if "preparing" not in line
        ]
        assert line.startswith(f"error: {name}: {NEEDS}"), line
    code = "import streamcam\ntry: streamcam.explain('cat.jpg', model='vgg16')\nexcept streamcam.StreamcamError as e: print(e)"
    assert run("-c", code).stdout.startswith(f"vgg16: {NEEDS}")


def test_the_doctor_knows(run):
    said = run("-m", "streamcam", "doctor").stdout
    assert "note    engine: no TensorFlow: the bundled model, ONNX, TFLite and OpenVINO files run" in said
    assert "MISSING" not in said


def test_the_group_is_all_dependencies_but_it():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [one for one in project["project"]["dependencies"] if not one.startswith(("tensorflow", "keras"))]
    assert project["dependency-groups"]["lite"] == wanted
