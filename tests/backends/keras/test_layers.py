"""Which layers have a spatial map, and which of them is explained."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers
from makers import models
from makers.explainers import RAW, exact, image

from streamcam import load_model, wrap_model
from streamcam.backends.keras.layers import list_layers, maps_in
from streamcam.errors import LayerError
from streamcam.models.layers import choose_layers


def spatial(model, shape):
    found, _ = list_layers(model, shape)
    return [layer for layer, _ in maps_in(found, shape[:2])]


def test_the_default_layer_is_the_last_with_a_spatial_map():
    for name, layer in {
        "efficientnet-lite0": "top_activation",
        "mobilenet_v2": "out_relu",
        "vgg16": "block5_pool",
    }.items():
        classifier = load_model(name, weights="none")
        found = spatial(classifier.network.model, (*classifier.input_size, 3))
        assert choose_layers(found, (), name)[0].path == layer


def test_nested_layers_are_listed_with_their_path():
    paths = [output.path for output in spatial(models.nested().model, (48, 48, 3))]
    assert "backbone/inner_sum" in paths
    assert choose_layers(spatial(models.nested().model, (48, 48, 3)), (), "m")[0].path == "backbone/inner_sum"


def test_a_dropout_is_not_named_as_the_target():
    inputs = keras.Input((16, 16, 3))
    x = layers.SpatialDropout2D(0.5, name="drop")(layers.Conv2D(2, 3, name="conv")(inputs))
    model = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    assert choose_layers(spatial(model, (16, 16, 3)), (), "m")[0].path == "conv"


def test_a_wrong_layer_name_lists_the_nearest(bundled):
    found = spatial(bundled.network.model, (224, 224, 3))
    with pytest.raises(LayerError, match="top_activation"):
        choose_layers(found, ["top_activaton"], "m")


def test_a_wrong_layer_lists_the_nearest():
    explain = exact(wrap_model(models.nested().model, preprocessing=RAW), layer="backbone/inner_d")
    with pytest.raises(LayerError, match=r"backbone/inner_[abc]"):
        explain(image())
    assert exact(wrap_model(models.nested().model, preprocessing=RAW), layer="inner_b")(image()).heatmaps.shape == (
        1,
        12,
        12,
    )


@pytest.mark.parametrize(("class_token", "layer"), [(False, "block1"), (True, "norm1")])
def test_a_transformer_is_explained_at_the_last_tokens_that_the_decision_depends_on(class_token, layer):
    keras.utils.set_random_seed(3)
    classifier = wrap_model(models.attentive(class_token=class_token), preprocessing=RAW)
    answers = []
    for engine in ("openvino", "tensorflow"):
        explain = exact(classifier, engine=engine, fit="stretch", method="hirescam", layer=layer)
        answers.append(explain(image(64, 64)).heatmaps)
    found = exact(classifier, fit="stretch", method="hirescam")
    np.testing.assert_array_equal(found(image(64, 64)).heatmaps, answers[0])
    assert found.layer == layer
    assert answers[0].shape == (1, 4, 4)
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-4 * answers[1].max())
    assert answers[1].max() > 0
