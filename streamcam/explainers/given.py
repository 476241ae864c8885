"""What people give an explainer, and what becomes of it: a model by name, as a file or as it is, and an image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from streamcam.backends.keras.wrap import wrap_model
from streamcam.backends.load import load_model
from streamcam.errors import OptionError
from streamcam.models.classifier import Classifier
from streamcam.types import UInt8Array

if TYPE_CHECKING:
    import keras


def classifier_from(given: Classifier | keras.Model | str | Path) -> Classifier:
    """A classifier of a name, a path or a Keras model; one that is a classifier as it is.

    Raises:
        ModelError: there is no such model, or it is no classifier.
    """
    if isinstance(given, Classifier):
        return given
    return load_model(given) if isinstance(given, str | Path) else wrap_model(given)


def image_from(given: Any) -> UInt8Array:
    """An image, if it is one.

    Raises:
        OptionError: it is not ``(H, W, 3)`` uint8; the message says what it is instead, and what helps.
    """
    if given is None:
        raise OptionError(
            "the image is None, which is what cv2.imread gives of a file that it cannot read; check its path"
        )
    if isinstance(given, str | Path):
        raise OptionError(f"{given}: a path is no image; read it first, for example with cv2.imread")
    if not isinstance(given, np.ndarray):
        raise OptionError(f"an image is a NumPy array (H, W, 3) uint8 in BGR order, not a {type(given).__name__}")
    if given.dtype != np.uint8 or given.ndim != 3 or given.shape[2] != 3 or not given.size:
        raise OptionError(f"an image is (H, W, 3) uint8 in BGR order, not {given.shape} {given.dtype}")
    return given
