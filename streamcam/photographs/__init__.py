"""Five small photographs of different things, for measuring on real pictures, and the sample clip."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

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


def sample_clip() -> Path:
    """The clip of ``samples/``, with a cat and a cup of espresso: what the demo shows."""
    return Path(str(files("streamcam.photographs") / "cat_and_coffee.mp4"))


def views(height: int, width: int, frames: int = 0) -> list[UInt8Array]:
    """Fifteen pictures ``(height, width, 3)`` uint8 BGR: each photograph whole, mirrored, and its middle.

    With ``frames``, fifteen clips ``(frames, height, width, 3)``, in which the camera goes over each of them.
    """
    if frames:
        return [_passed_over(picture, frames, number) for number, picture in enumerate(views(height, width))]
    pictures = []
    for photograph in photographs():
        h, w = photograph.shape[:2]
        middle = photograph[h // 6 : h - h // 6, w // 6 : w - w // 6]
        for part in (photograph, photograph[:, ::-1], middle):
            pictures.append(np.asarray(cv2.resize(np.ascontiguousarray(part), (width, height)), np.uint8))
    return pictures


def varied(height: int, width: int, frames: int = 0) -> list[UInt8Array]:
    """Four pictures ``(height, width, 3)`` uint8 BGR that differ much: of three photographs, and noise; or clips of them."""
    pictures = views(height, width, frames)
    noise = np.random.default_rng(0).integers(0, 256, pictures[0].shape, np.uint8)
    return [*(pictures[i] for i in (0, 4, 8)), noise]  # whole, mirrored, and the middle


def _passed_over(picture: UInt8Array, frames: int, number: int) -> UInt8Array:
    """``(frames, H, W, 3)``: two thirds of a picture, which move across it in a direction that the number chooses."""
    height, width = picture.shape[:2]
    h, w = 2 * height // 3, 2 * width // 3
    at = np.linspace(0, 1, frames) if number % 2 else np.linspace(1, 0, frames)
    down, across = [(0, 1), (1, 0), (1, 1)][number % 3]
    parts = []
    for share in at:
        y, x = round((height - h) * share * down), round((width - w) * share * across)
        part = np.ascontiguousarray(picture[y : y + h, x : x + w])
        parts.append(np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8))
    return np.stack(parts)
