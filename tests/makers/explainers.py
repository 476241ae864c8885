"""Explainers in full precision, pictures for them, and how their maps are compared."""

from __future__ import annotations

import numpy as np

from makers import models
from streamcam import GradCAM
from streamcam.models.preprocessing import PREPROCESSINGS

RAW = PREPROCESSINGS["none"]


def exact(model, **options) -> GradCAM:
    """An explainer in full precision, so that its numbers can be compared."""
    return GradCAM(model, **{"precision": "f32"} | options)


def image(height: int = models.SIDE, width: int = models.SIDE, seed: int = 0) -> np.ndarray:
    """A random picture, ``(height, width, 3)`` uint8, BGR."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def as_input(bgr: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """The ``(1, h, w, 3)`` float32 input, RGB, of a model that takes the pixels times ``scale``."""
    return bgr[None, ..., ::-1].astype(np.float32) * np.float32(scale)


def assert_same_map(actual: np.ndarray, expected: np.ndarray) -> None:
    """Equal within 1e-4 of the maximum."""
    assert expected.max() > 0, "the test says nothing on a map without evidence"
    np.testing.assert_allclose(actual, expected, atol=1e-4 * expected.max(), rtol=0)
