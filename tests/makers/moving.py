"""Pictures whose class is one object at a random place, for networks that are trained in a test."""

from __future__ import annotations

import numpy as np

from streamcam.types import Region, UInt8Array

SIDE = 48  # of the pictures, in pixels
OBJECT = 14  # side of the object
LABELS = ("upright", "lying", "chequered")


def moving_objects(count: int, seed: int) -> tuple[UInt8Array, np.ndarray, list[Region]]:
    """Pictures ``(count, SIDE, SIDE, 3)`` uint8 of noise with one square of stripes or checks, its class, and its place."""
    random = np.random.default_rng(seed)
    pictures = random.integers(60, 190, (count, SIDE, SIDE, 3)).astype(np.uint8)
    classes = random.integers(0, len(LABELS), count)
    y, x = np.indices((OBJECT, OBJECT)) // 2 % 2
    patterns = np.stack([x, y, x ^ y]) * 195 + 30
    places = []
    for picture, index in zip(pictures, classes, strict=True):
        top, left = random.integers(0, SIDE - OBJECT + 1, 2)
        picture[top : top + OBJECT, left : left + OBJECT] = patterns[index][..., None]
        places.append(Region(int(left), int(top), int(left) + OBJECT, int(top) + OBJECT))
    return pictures, classes, places


def peak_is_on(heatmap: np.ndarray, place: Region) -> bool:
    """Whether the middle of the cell of the highest evidence lies on the object, or within half a cell of it."""
    rows, columns = heatmap.shape
    row, column = np.unravel_index(int(heatmap.argmax()), heatmap.shape)
    y, x = (row + 0.5) * SIDE / rows, (column + 0.5) * SIDE / columns
    margin = SIDE / max(rows, columns) / 2
    return bool(place.y0 - margin <= y <= place.y1 + margin and place.x0 - margin <= x <= place.x1 + margin)
