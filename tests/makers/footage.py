"""Frames with explanations as any explainer could give them, on textures that move."""

from __future__ import annotations

import cv2
import numpy as np

from streamcam import Frame, Region
from streamcam.types import Explanation

SIZE = 160, 120  # width, height of the pictures


def explained(maps, pictures=None, classes=None):
    """Frames with explanations: ``maps`` are ``(h, w)`` arrays."""
    for index, heat in enumerate(maps):
        image = pictures[index] if pictures is not None else texture(0)
        name = np.array([classes[index] if classes else 0], np.int32)
        one = np.array([0.6], np.float32)
        heat = np.asarray(heat, np.float32)[None]
        yield (
            Frame(image, index, index / 30),
            Explanation(heat, name, one, np.array([0.6, 0.4], np.float32), Region(0, 0, *SIZE), index, index / 30),
        )


def texture(seed, shift=0):
    """A picture of blobs, moved to the right by some pixels."""
    noise = np.random.default_rng(seed).integers(0, 256, (SIZE[1], SIZE[0] + 200), np.uint8)
    smooth = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 5), None, 0, 255, cv2.NORM_MINMAX)
    return np.ascontiguousarray(cv2.cvtColor(smooth[:, 100 - shift : 100 - shift + SIZE[0]], cv2.COLOR_GRAY2BGR))
