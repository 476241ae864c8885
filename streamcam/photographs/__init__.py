"""Five small photographs of different things, for measuring on real pictures."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import cv2
import numpy as np

from streamcam.types import UInt8Array

NAMES = ("astronaut", "camera", "chelsea", "coffee", "rocket")


@cache
def photographs() -> tuple[UInt8Array, ...]:
    """Each ``(H, W, 3)`` uint8 BGR, the longer side 320 pixels."""
    folder = files("streamcam.photographs")
    encoded = [np.frombuffer((folder / f"{name}.jpg").read_bytes(), np.uint8) for name in NAMES]
    return tuple(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8) for data in encoded)
