"""List this machine's cameras, and what they can do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2

_FORMATS = {"win32": "dshow", "darwin": "avfoundation"}
_MODES = ((640, 480), (1280, 720), (1920, 1080))  # what cameras of all kinds have in common


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera.

    Attributes:
        where: what to name as the source: a device path that stays the same after replugging, or a number.
        name: as its maker calls it.
        modes: what it gives when asked for usual sizes, such as ``1280x720 at 30``; empty if it cannot be opened.
    """

    where: str
    name: str
    modes: tuple[str, ...]


def cameras() -> Iterator[Camera]:
    """The cameras that the system lists. Each is opened for a moment to learn its modes."""
    from streamcam.system.ffmpeg import av

    devices = av.device.enumerate_input_devices(_FORMATS.get(sys.platform, "v4l2"))
    pictures = [device for device in devices if not device.media_types or "video" in device.media_types]
    for number, device in enumerate(pictures):
        where = _lasting(device.name) if device.name.startswith("/dev/") else str(number)
        yield Camera(where, device.description or device.name, tuple(_modes(where)))


def _lasting(path: str) -> str:
    """The device's name by its identity, which stays the same when it is plugged in again, where there is one."""
    for link in sorted(Path("/dev/v4l/by-id").glob("*-index0")):
        if link.resolve() == Path(path).resolve():
            return str(link)
    return path


def _modes(where: str) -> Iterator[str]:
    capture = cv2.VideoCapture(int(where) if where.isdigit() else where)
    try:
        if not capture.isOpened():
            return
        known = set()
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        for width, height in _MODES:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
            given = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
            if given not in known:
                known.add(given)
                yield f"{given[0]}x{given[1]} at {capture.get(cv2.CAP_PROP_FPS):.0f}"
    finally:
        capture.release()
