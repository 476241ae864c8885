"""Fixtures: real photographs, small models, and clips made on the spot."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from streamcam import Classifier, load_model
from streamcam.types import UInt8Array

# A shell that runs the tests in the background lets them, and the programs they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SAMPLE = Path(__file__).parents[1] / "samples" / "cat_and_coffee.mp4"


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory) -> Path:
    """A cache of the tests' own, for all their processes and the programs they start: each graph is converted once."""
    root = tmp_path_factory.getbasetemp()
    folder = (root.parent if os.environ.get("PYTEST_XDIST_WORKER") else root) / "shared-cache"
    folder.mkdir(mode=0o700, exist_ok=True)
    os.environ["STREAMCAM_CACHE"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def shared(cache_folder):
    """Makes a folder once for all of the tests' processes: ``shared(name, make)``, where ``make`` fills it."""

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        path = cache_folder.parent / f"shared-{name}"
        with FileLock(f"{path}.lock"):
            if not path.exists():
                part = path.with_suffix(".part")
                part.mkdir()
                make(part)
                part.rename(path)
        return path

    return folder


@pytest.fixture(scope="session")
def tiny_model(shared) -> Path:
    """A tiny model in a file: it is read and converted once, so that few programs load TensorFlow for it."""
    from makers import models

    def make(folder: Path) -> None:
        model = models.flat(rescales=True).model
        kernel, bias = model.get_layer("logits").get_weights()
        model.get_layer("logits").set_weights(
            [40 * kernel, bias]
        )  # so that it is sure of some pictures, and shows heat
        model.save(folder / "tiny.keras")
        load_model(folder / "tiny.keras")  # what it says of itself is in the cache from now on

    return shared("model", make) / "tiny.keras"


@pytest.fixture(scope="session")
def cat() -> UInt8Array:
    import skimage.data

    return np.ascontiguousarray(skimage.data.chelsea()[..., ::-1])


@pytest.fixture(scope="session")
def coffee() -> UInt8Array:
    import skimage.data

    return np.ascontiguousarray(skimage.data.coffee()[..., ::-1])


@pytest.fixture(scope="session")
def bundled() -> Classifier:
    return load_model()


@pytest.fixture(scope="session")
def sample() -> Path:
    return SAMPLE


@pytest.fixture(scope="module")
def pictures():
    """Photographs at the size that the bundled model sees."""
    import cv2

    from streamcam.photographs import photographs

    return [np.ascontiguousarray(cv2.resize(p, (224, 224))) for p in photographs()]
