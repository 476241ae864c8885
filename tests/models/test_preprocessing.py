"""Preprocessing, against that of Keras."""

from __future__ import annotations

import inspect
import sys

import keras
import numpy as np
import pytest

from streamcam.backends.keras.graph import _preprocess
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


@pytest.mark.parametrize("name", PREPROCESSINGS)
def test_pixels_are_prepared_alike_outside_and_inside_the_graph(name):
    picture = np.random.default_rng(0).integers(0, 256, (5, 6, 3), np.uint8)
    for how in (PREPROCESSINGS[name], PREPROCESSINGS[name].gray()):
        np.testing.assert_allclose(how.prepare(picture), _preprocess(picture, how)[0], atol=1e-3)


def test_the_other_channel_order_keeps_the_scaling_of_each_colour():
    picture = np.random.default_rng(0).integers(0, 256, (5, 6, 3), np.uint8)
    for one, other in (("torch", "torch-bgr"), ("caffe", "caffe-rgb")):
        given = PREPROCESSINGS[other].prepare(picture)[..., ::-1]
        np.testing.assert_allclose(given, PREPROCESSINGS[one].prepare(picture))
