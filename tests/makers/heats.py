"""Explanations whose heat lies where a test wants it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from streamcam.types import Explanation, Inside, Region

LABELS = ("ant", "bee", "cat", "dog", "eel")
CORNERS = {"upper left": (0.2, 0.2), "upper right": (0.8, 0.2), "lower left": (0.2, 0.8), "lower right": (0.8, 0.8)}


def heated(width: int, height: int, *places: tuple[float, float], **fields: Any) -> Explanation:
    """One target a place, with a spot of heat there: x and y in 0…1."""
    h, w = (7, max(1, round(7 * width / height))) if width >= height else (max(1, round(7 * height / width)), 7)
    y, x = np.mgrid[0:h, 0:w]
    spots = [np.exp(-(((x + 0.5) / w - px) ** 2 + ((y + 0.5) / h - py) ** 2) / 0.02) for px, py in places]
    heat = np.asarray(spots, np.float32)
    probabilities = np.array([0.6, 0.2, 0.1, 0.06, 0.04], np.float32)
    classes = np.arange(len(places), dtype=np.int32)
    made = Explanation(heat, classes, probabilities[classes], probabilities, Region(0, 0, width, height), heat=heat)
    return replace(made, **fields)


def boxed(x: int, y: int, width: int, height: int, share: float | None = 0.8, alert: bool = False) -> Inside:
    """A region of interest that is a box."""
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    return Inside((share,), alert, (np.array(corners, np.int32)[:, None],))


def written(drawn: np.ndarray, bare: np.ndarray) -> tuple[int, int, int, int]:
    """Where one picture differs from another: left, top, right, lower edge; four zeros where nowhere."""
    where = cv2.boundingRect((drawn != bare).any(2).astype(np.uint8))
    return where[0], where[1], where[0] + where[2], where[1] + where[3]
