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


def views(height: int, width: int) -> list[UInt8Array]:
    """Fifteen pictures ``(height, width, 3)`` uint8 BGR: each photograph whole, mirrored, and its middle."""
    pictures = []
    for photograph in photographs():
        h, w = photograph.shape[:2]
        middle = photograph[h // 6 : h - h // 6, w // 6 : w - w // 6]
        for part in (photograph, photograph[:, ::-1], middle):
            pictures.append(np.asarray(cv2.resize(np.ascontiguousarray(part), (width, height)), np.uint8))
    return pictures


def varied(height: int, width: int) -> list[UInt8Array]:
    """Four pictures ``(height, width, 3)`` uint8 BGR that differ much: of three photographs, and noise."""
    pictures = views(height, width)
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return [*(pictures[i] for i in (0, 4, 8)), noise]  # whole, mirrored, and the middle
