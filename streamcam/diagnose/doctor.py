"""What this machine has and lacks, examined one thing at a time so that one failure hides no other."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from streamcam.system.libraries import explain_import_error

_LITTLE_DISK = 2 * 1024**3  # bytes
_CACHE_ROOM = 256 * 1024**2  # bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: what.
        ok: True if it works, False if nothing works without it, None if something is limited.
        what: what was found.
        remedy: what to do, or an empty string.
    """

    subject: str
    ok: bool | None
    what: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """Look at everything. A check that fails unexpectedly is itself a finding."""
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("python", _python),
        ("opencv", _opencv),
        ("encoders", _encoders),
        ("display", _display),
        ("camera", _cameras),
        ("engine", _engine),
        ("model", _model),
        ("cache", _cache),
        ("disk", _disk),
    ]
    for subject, check in checks:
        try:
            yield from check()
        except ImportError as error:
            yield Finding(subject, False, "cannot be loaded", explain_import_error(error))
        except Exception as error:  # the doctor never dies of what it finds
            yield Finding(subject, False, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")


def _python() -> Iterator[Finding]:
    import psutil

    memory = psutil.virtual_memory()
    yield Finding("python", True, f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    yield Finding(
        "machine",
        True,
        f"{os.cpu_count()} cores, {memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB memory free",
    )


def _opencv() -> Iterator[Finding]:
    import cv2

    window = cv2.currentUIFramework() or "none"
    backends = [cv2.videoio_registry.getBackendName(b) for b in cv2.videoio_registry.getBackends()]
    yield Finding("opencv", True, f"{cv2.__version__}, window system {window}")
    if len(found := _opencv_distributions()) > 1:
        yield Finding(
            "opencv",
            None,
            f"{' and '.join(found)} are installed over each other: which of them is loaded is chance",
            f"pip uninstall {' '.join(found)}; pip install --force-reinstall opencv-python",
        )
    if "FFMPEG" in backends:
        yield Finding("decoders", True, "video files through FFmpeg")
    else:
        yield Finding("decoders", False, "this OpenCV has no FFmpeg", "pip install --force-reinstall opencv-python")
    if window == "none":
        yield Finding(
            "window",
            None,
            "this OpenCV cannot open windows; files still work",
            "pip uninstall opencv-python-headless; pip install --force-reinstall opencv-python",
        )


def _opencv_distributions() -> list[str]:
    """The packages that all bring ``cv2``, of which one may be installed."""
    names = [f"opencv{contrib}-python{headless}" for contrib in ("", "-contrib") for headless in ("", "-headless")]
    return [name for name in names if any(distributions(name=name))]


def _encoders() -> Iterator[Finding]:
    from streamcam.system.ffmpeg import av

    wanted = ("libx264", "libx265", "libsvtav1", "libvpx-vp9")
    have = [name for name in wanted if name in av.codecs_available]
    if "libx264" in have:
        yield Finding("encoders", True, f"{', '.join(have)} (PyAV {av.__version__})")
    else:
        yield Finding("encoders", False, "no H.264 encoder", "pip install --force-reinstall av")


def _display() -> Iterator[Finding]:
    if sys.platform in ("win32", "darwin"):
        yield Finding("display", True, "the desktop")
    elif where := os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        yield Finding("display", True, where)
    else:
        yield Finding(
            "display",
            None,
            "none: neither DISPLAY nor WAYLAND_DISPLAY is set; files work, windows do not",
            "log in to a desktop, or run under 'xvfb-run'",
        )


def _cameras() -> Iterator[Finding]:
    from streamcam.sources.live.cameras import cameras

    found = list(cameras())
    for camera in found:
        modes = ", ".join(camera.modes)
        what = f"{camera.name}: streamcam live {camera.where}"
        if modes:
            yield Finding("camera", True, f"{what} ({modes})")
        else:
            yield Finding("camera", None, f"{what}: cannot be opened", "close what uses it, or allow its use")
    if not found:
        yield Finding("camera", None, "none; files and network streams work", "plug one in, or name a URL")


def _engine() -> Iterator[Finding]:
    from streamcam.backends.openvino.engine import cpu_precisions, processor_name
    from streamcam.system.libraries import has_openvino, has_tensorflow
    from streamcam.system.versions import versions

    if has_openvino():
        able = ", ".join(cpu_precisions())
        yield Finding("engine", True, f"OpenVINO {versions()['openvino']} on {processor_name()} ({able})")
    else:
        yield Finding(
            "engine", None, "OpenVINO is not installed; TensorFlow runs the models, slower", "pip install openvino"
        )
    if not has_tensorflow():
        yield Finding(
            "engine",
            None,
            "no TensorFlow: the bundled model, ONNX, TFLite and OpenVINO files run; Keras files and names do not",
            "pip install tensorflow keras",
        )
        return
    import tensorflow as tf

    devices = tf.config.list_physical_devices("GPU")
    where = f"{len(devices)} GPU" if devices else "CPU"
    yield Finding("engine", True, f"TensorFlow {tf.__version__} on {where}")


def _model() -> Iterator[Finding]:
    from streamcam.backends.weights.bundled import read_bundled_weights

    yield Finding("model", True, f"bundled weights complete ({len(read_bundled_weights()) / 1e6:.1f} MB)")


def _cache() -> Iterator[Finding]:
    from streamcam.system.cache import wanted_folder, why_not_trusted

    folder = wanted_folder()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    remedy = "set STREAMCAM_CACHE to a folder of your own, on a disk with room"
    if reason := why_not_trusted(folder):
        yield Finding("cache", None, f"{folder} {reason}, and is not used", remedy)
    elif not os.access(there, os.W_OK):
        yield Finding("cache", None, f"{folder} cannot be written to: each start converts its model anew", remedy)
    elif shutil.disk_usage(there).free < _CACHE_ROOM:
        yield Finding("cache", None, f"{folder}: its disk is full: each start converts its model anew", remedy)
    else:
        yield Finding("cache", True, str(folder))


def _disk() -> Iterator[Finding]:
    free = shutil.disk_usage(Path.cwd()).free
    enough = free >= _LITTLE_DISK
    yield Finding(
        "disk",
        True if enough else None,
        f"{free / 1e9:.1f} GB free in {Path.cwd()}",
        "" if enough else "make room, or write elsewhere with -o",
    )
