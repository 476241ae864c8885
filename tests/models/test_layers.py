"""Which layers have a spatial map, and which of them is explained."""

from __future__ import annotations

import keras
import pytest
from keras import layers
from makers import models
from makers.explainers import RAW, exact, image

from streamcam import load_model, wrap_model
from streamcam.errors import LayerError
from streamcam.models.layers import choose_layer, list_layers


def spatial(model, shape):
    found, _ = list_layers(model, shape)
    return [output for output in found if output.is_spatial]


def test_the_default_layer_is_the_last_with_a_spatial_map():
    for name, layer in {
        "efficientnet-lite0": "top_activation",
        "mobilenet_v2": "out_relu",
        "vgg16": "block5_pool",
    }.items():
        classifier = load_model(name, weights="none")
        found = spatial(classifier.model, (*classifier.input_size, 3))
        assert choose_layer(found, None, name).path == layer


def test_nested_layers_are_listed_with_their_path():
    paths = [output.path for output in spatial(models.nested().model, (48, 48, 3))]
    assert "backbone/inner_sum" in paths
    assert choose_layer(spatial(models.nested().model, (48, 48, 3)), None, "m").path == "backbone/inner_sum"


def test_a_dropout_is_not_named_as_the_target():
    inputs = keras.Input((16, 16, 3))
    x = layers.SpatialDropout2D(0.5, name="drop")(layers.Conv2D(2, 3, name="conv")(inputs))
    model = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    assert choose_layer(spatial(model, (16, 16, 3)), None, "m").path == "conv"


def test_a_wrong_layer_name_lists_the_nearest(bundled):
    found = spatial(bundled.model, (224, 224, 3))
    with pytest.raises(LayerError, match="top_activation"):
        choose_layer(found, "top_activaton", "m")


def test_a_wrong_layer_lists_the_nearest():
    explain = exact(wrap_model(models.nested().model, preprocessing=RAW), layer="backbone/inner_d")
    with pytest.raises(LayerError, match=r"backbone/inner_[abc]"):
        explain(image())
    assert exact(wrap_model(models.nested().model, preprocessing=RAW), layer="inner_b")(image()).heatmaps.shape == (
        1,
        12,
        12,
    )


def test_the_tokens_of_an_attention_layer_are_no_map():
    inputs = keras.Input((64, 64, 3))
    x = layers.Conv2D(16, 8, strides=8, name="patch")(inputs)
    tokens = layers.Reshape((64, 16))(x)
    x = layers.GlobalAveragePooling1D()(layers.MultiHeadAttention(2, 8)(tokens, tokens))
    explain = exact(
        wrap_model(keras.Model(inputs, layers.Dense(2, activation="softmax")(x)), preprocessing=RAW),
        fit="stretch",
        engine="tensorflow",
    )
    assert explain(image(64, 64)).heatmaps.shape == (1, 8, 8)
    assert explain.layer == "patch"
