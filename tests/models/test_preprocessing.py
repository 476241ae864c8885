"""Preprocessing, against that of Keras."""

from __future__ import annotations

import inspect
import sys

import keras
import numpy as np
import pytest

from streamcam.models.catalog import CATALOG
from streamcam.models.preprocessing import PREPROCESSINGS


@pytest.mark.parametrize("entry", [e for e in CATALOG.values() if e.factory], ids=lambda e: e.name)
def test_preprocessing_is_the_one_of_keras(entry):
    factory = getattr(keras.applications, entry.factory)
    module = sys.modules[inspect.unwrap(factory).__module__]
    rgb = np.random.default_rng(0).integers(0, 256, (1, 5, 6, 3)).astype(np.float32)
    how = PREPROCESSINGS[entry.preprocess]
    ours = (rgb[..., ::-1] if how.order == "bgr" else rgb) - how.mean
    np.testing.assert_allclose(ours / how.std, module.preprocess_input(rgb.copy()), atol=1e-5)
