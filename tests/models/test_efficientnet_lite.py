"""The bundled model."""

from __future__ import annotations

import pytest
from makers.explainers import exact

import streamcam.models.efficientnet_lite as lite
from streamcam.errors import ModelError


def test_the_bundled_model_knows_its_photographs(bundled, cat, coffee):
    explain = exact(bundled, fit="stretch")
    for picture, label, score in [(cat, "Egyptian cat", 0.785), (coffee, "espresso", 0.917)]:
        [(index, probability)] = explain(picture).top(1)
        assert bundled.labels[index] == label
        assert probability == pytest.approx(score, abs=0.02)


def test_damaged_bundled_weights_are_noticed(monkeypatch):
    monkeypatch.setattr(lite, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="damaged"):
        lite.read_bundled_weights()
