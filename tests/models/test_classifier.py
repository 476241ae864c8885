"""What is found out about a Keras model, and which models are refused."""

from __future__ import annotations

import keras
import pytest
from keras import layers
from makers import models

from streamcam import load_model, wrap_model
from streamcam.errors import LayerError, ModelError, OptionError
from streamcam.models.catalog import CATALOG
from streamcam.models.classifier import guess_preprocessing


def test_preprocessing_is_guessed_and_can_be_set(tmp_path):
    assert guess_preprocessing(models.sequential().model).name == "none"  # it rescales itself
    assert guess_preprocessing(models.flat().model).name == "unit"
    inputs = keras.Input((64, 64, 3))
    scaled = keras.Model(inputs, layers.Conv2D(2, 3)(inputs / 255.0))
    assert guess_preprocessing(scaled).name == "none"
    for name in ("resnet50", "resnet50_v2", "densenet121"):
        factory = getattr(keras.applications, CATALOG[name].factory)
        inside = keras.Sequential([factory(include_top=False, weights=None, input_shape=(64, 64, 3))])
        assert guess_preprocessing(inside).name == CATALOG[name].preprocess
    models.flat().model.save(tmp_path / "m.keras")
    assert load_model(tmp_path / "m.keras", preprocess="torch").preprocessing.name == "torch"
    with pytest.raises(OptionError, match="choose one of"):
        load_model(tmp_path / "m.keras", preprocess="magic")


def test_preprocessing_inside_the_model_is_not_done_twice():
    inputs = keras.Input((64, 64, 3))
    x = keras.applications.resnet50.preprocess_input(inputs)
    x = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(64, 64, 3))(x)
    assert guess_preprocessing(keras.Model(inputs, x)).name == "none"
    whole = keras.Input((64, 64, 3), dtype="uint8")
    assert guess_preprocessing(keras.Model(whole, layers.Conv2D(2, 3)(whole))).name == "none"


def test_binary_labels_are_two():
    inputs = keras.Input((16, 16, 3))
    x = layers.Dense(1, activation="sigmoid")(layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(inputs)))
    assert wrap_model(keras.Model(inputs, x)).labels == ("class 0", "class 1")


def test_a_model_without_spatial_layers_is_refused():
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Flatten(), layers.Dense(2, activation="softmax")])
    with pytest.raises(LayerError, match="no layer has a spatial map"):
        wrap_model(model)


def test_a_backbone_without_a_head_is_refused():
    inputs = keras.Input((32, 32, 3))
    with pytest.raises(ModelError, match="without its head"):
        wrap_model(keras.Model(inputs, layers.Conv2D(2, 3)(inputs)))
