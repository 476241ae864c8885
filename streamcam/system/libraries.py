"""Loading the heavy libraries quietly, and saying which system package brings what they miss."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from streamcam.errors import MissingLibraryError, ModelError

# What can be done without TensorFlow, and what else needs it.
NO_TENSORFLOW = (
    "needs TensorFlow, which is not installed; pip install tensorflow keras (without it run the bundled model, ONNX, TFLite "
    "and OpenVINO files)"
)

# What opencv-python and PyAV load from the system on Linux, and the packages that bring it.
SYSTEM_LIBRARIES = {
    "libGL.so.1": ("libgl1", "mesa-libGL"),
    "libgthread-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libglib-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libxcb.so.1": ("libxcb1", "libxcb"),
    "libX11.so.6": ("libx11-6", "libX11"),
    "libSM.so.6": ("libsm6", "libSM"),
    "libXext.so.6": ("libxext6", "libXext"),
}


def explain_import_error(error: ImportError) -> str:
    """One line: what is missing, and the command that brings it."""
    text = " ".join(str(error).split())
    for library, (debian, fedora) in SYSTEM_LIBRARIES.items():
        if library in text:
            return (
                f"OpenCV needs the system library {library}, which this machine lacks; "
                f"Debian and Ubuntu: apt install {debian}; Fedora and RHEL: dnf install {fedora}"
            )
    name = error.name or "a library"
    return f"{name} cannot be loaded ({text}); reinstall with: pip install --force-reinstall streamcam"


def load_tensorflow(what: str = "this") -> None:
    """Import TensorFlow, and let Keras run on it, without the lines that TensorFlow's C++ core writes to stderr.

    Keras chooses its backend when it is imported, by this variable: whatever it said before, what is explained here runs
    on TensorFlow.

    Args:
        what: needs it, in the message where it is not there.

    Raises:
        MissingLibraryError: TensorFlow or Keras is not installed.
        ModelError: Keras was imported before, with another backend.
    """
    if not has_tensorflow():
        raise MissingLibraryError(f"{what}: {NO_TENSORFLOW}")
    if "keras" in sys.modules:
        used = sys.modules["keras"].config.backend()
        if used != "tensorflow":
            raise ModelError(
                f"Keras runs on {used} in this process, and streamcam explains models that run on TensorFlow; "
                "set KERAS_BACKEND=tensorflow before Keras is imported"
            )
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" not in sys.modules:
        with quiet_start():
            import tensorflow  # noqa: F401


def has_openvino() -> bool:
    """Whether OpenVINO is installed: it has no wheels for some platforms. Does not import it."""
    return importlib.util.find_spec("openvino") is not None


@cache
def has_tensorflow() -> bool:
    """Whether TensorFlow and Keras are installed: a minimal installation leaves them out. Does not import them."""
    return all(name in sys.modules or importlib.util.find_spec(name) is not None for name in ("tensorflow", "keras"))


def has_nncf() -> bool:
    """Whether NNCF is installed, which quantises models to 8-bit integers. Does not import it."""
    return importlib.util.find_spec("nncf") is not None


def has_gpu() -> bool:
    """Whether there is a GPU that TensorFlow can use. Looks for a driver before it loads TensorFlow."""
    if not has_tensorflow() or not (Path("/dev/nvidiactl").exists() or shutil.which("nvidia-smi")):
        return False
    load_tensorflow()
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def load_openvino() -> Any:
    """Import OpenVINO without the part of it that reports each import over the network, from a process it forks.

    It does without where that part is not installed; here it is told so.
    """
    if "openvino" not in sys.modules:
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


@contextmanager
def quiet_start() -> Iterator[None]:
    """Silence what TensorFlow's C++ core writes to stderr while it is loaded, before its own log level counts."""
    sys.stderr.flush()
    saved = os.dup(2)
    silence = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(silence, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(silence)
        os.close(saved)
