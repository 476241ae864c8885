"""Models by name."""

from __future__ import annotations

import inspect

import keras
import pytest

from streamcam import load_model
from streamcam.errors import ModelError
from streamcam.models.catalog import CATALOG


def test_the_catalog_is_keras_applications():
    factories = {
        name
        for name, f in vars(keras.applications).items()
        if inspect.isfunction(f) and "weights" in inspect.signature(f).parameters
    }
    assert {entry.factory for entry in CATALOG.values()} - {None} == factories


def test_names_are_forgiving_and_a_wrong_one_names_the_nearest():
    assert load_model("EfficientNet_Lite0").name == "efficientnet-lite0"
    assert load_model("ResNet50V2").name == "resnet50_v2"
    with pytest.raises(ModelError, match="resnet50"):
        load_model("resnet5")


def test_a_folder_named_like_a_model_does_not_hide_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "resnet50").mkdir()
    assert load_model("resnet50", weights="none").name == "resnet50"
