"""Read a camera that is plugged into this machine."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from streamcam.errors import SourceError
from streamcam.settings import CaptureSettings
from streamcam.sources.live.kinds.events import Event, Shot

_IS_LINUX = sys.platform.startswith("linux")
_DOCTOR = "'streamcam doctor' lists the cameras"


def camera_pictures(where: str, settings: CaptureSettings) -> Iterator[Event]:
    """The pictures of a camera, by number or device path."""
    width, height, fps = settings.width, settings.height, settings.fps
    backend = cv2.CAP_V4L2 if _IS_LINUX else cv2.CAP_ANY
    capture = cv2.VideoCapture(int(where) if where.isdigit() else where, backend)
    try:
        if not capture.isOpened():
            raise SourceError(why_closed(where))
        if (width or 640) * (height or 480) > 640 * 480:  # USB has no room for larger pictures uncompressed
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        for name, value in ((cv2.CAP_PROP_FRAME_WIDTH, width), (cv2.CAP_PROP_FRAME_HEIGHT, height)):
            if value:
                capture.set(name, value)
        if fps:
            capture.set(cv2.CAP_PROP_FPS, fps)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        came = False
        while True:
            ok, image = capture.read()
            if not ok:
                raise SourceError(why_silent(where, came=came))
            came = True
            yield Shot(image.astype(np.uint8, copy=False), time.perf_counter())
    finally:
        capture.release()


def why_closed(where: str) -> str:
    """Why a camera cannot be opened, as far as the system tells."""
    if not _IS_LINUX:
        return f"it is not there, in use by another program, or not permitted in the system's settings; {_DOCTOR}"
    device = Path(f"/dev/video{where}" if where.isdigit() else where)
    try:
        kind = device.stat().st_mode
    except FileNotFoundError:
        return f"there is no {device}: it is not plugged in, or has another name; {_DOCTOR}"
    except OSError as error:
        return f"{device} cannot be looked at ({error.strerror})"
    if not stat.S_ISCHR(kind):
        return f"{device} is no device"
    if not os.access(device, os.R_OK | os.W_OK):
        return f"{device} is not permitted; add yourself to its group: sudo usermod -aG video $USER, then log in again"
    if device.resolve().name.startswith("video"):
        return f"{device} is in use by another program, or is no camera that gives pictures; {_DOCTOR}"
    return f"{device} is no camera; {_DOCTOR}"


def why_silent(where: str, *, came: bool) -> str:
    """Why an open camera gives no picture: ``came`` tells whether it has given one before."""
    device = Path(f"/dev/video{where}" if where.isdigit() else where)
    if _IS_LINUX and not device.exists():
        return "it was unplugged"
    if came:
        return "it gives no more pictures; was it unplugged?"
    return "it opens, but gives no picture: in use by another program, or too little room on its USB port"
