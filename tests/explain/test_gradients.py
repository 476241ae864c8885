"""Gradients in plain arithmetic are TensorFlow's own."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers
from makers import models
from makers.explainers import as_input, exact, image

from streamcam import wrap_model
from streamcam.models.preprocessing import PREPROCESSINGS


@pytest.mark.parametrize(
    "activation", ["relu", "relu6", "sigmoid", "tanh", "elu", "leaky_relu", "softplus", "silu", "gelu", "selu"]
)
def test_gradients_through_activations_are_tensorflows_own(activation):
    keras.utils.set_random_seed(8)
    inputs = keras.Input((32, 32, 3))
    tapped = layers.Conv2D(6, 3, strides=2, name="tapped")(inputs)
    x = layers.Conv2D(6, 3, activation=activation)(tapped)
    x = layers.LayerNormalization()(layers.Dense(5, activation=activation)(layers.GlobalAveragePooling2D()(x)))
    logits = layers.Dense(4)(x)
    model = keras.Model(inputs, layers.Softmax()(logits))
    whole = keras.Model(inputs, [tapped, logits, model.output])
    explain = exact(
        wrap_model(model, preprocessing=PREPROCESSINGS["unit"]), layer="tapped", targets=range(4), engine="openvino"
    )
    explanation = explain(image(32, 32))
    expected = [
        models.eager_gradcam(lambda x: tuple(whole(x)), as_input(image(32, 32), 1 / 255), i, "logit") for i in range(4)
    ]
    assert max(m.max() for m in expected) > 0
    np.testing.assert_allclose(explanation.heatmaps, expected, atol=1e-4 * max(m.max() for m in expected))
