"""What the traced function computes: preprocessing, scores, ranks, and the model left as it was."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from makers import models
from makers.explainers import RAW, as_input, exact, image

from streamcam import wrap_model
from streamcam.errors import LayerError, StreamcamWarning
from streamcam.models.preprocessing import PREPROCESSINGS


def test_ranks_follow_the_probabilities():
    explain = exact(wrap_model(models.flat().model, preprocessing=RAW), targets=("top1", "top2", "TOP7"))
    explanation = explain(image())
    order = np.argsort(-explanation.probabilities)
    np.testing.assert_array_equal(explanation.classes, order[[0, 1, 6]])
    assert [index for index, _ in explanation.top(3)] == list(order[:3])


@pytest.mark.parametrize("score", ["logit", "probability"])
def test_mixed_precision_gives_float32_maps_near_the_full_precision_ones(score):
    full = models.flat().model
    policy = keras.dtype_policies.DTypePolicy("mixed_float16")
    config = full.get_config()
    for layer in config["layers"]:
        layer["config"]["dtype"] = policy if layer["class_name"] != "InputLayer" else "float32"
    half = keras.Model.from_config(config)
    half.set_weights(full.get_weights())
    picture = image()
    maps = [
        exact(wrap_model(model, preprocessing=PREPROCESSINGS["unit"]), score=score, targets=(2, 3))(picture).heatmaps
        for model in (full, half)
    ]
    assert maps[1].dtype == np.float32
    assert maps[0].max() > 0
    np.testing.assert_allclose(maps[1], maps[0], atol=0.02 * maps[0].max())


@pytest.mark.parametrize("activation", ["sigmoid", None])
def test_one_output_is_read_as_no_and_yes(activation):
    keras.utils.set_random_seed(3)
    inputs = keras.Input((32, 32, 3))
    conv = layers.Conv2D(6, 3, strides=2, activation="relu")
    dense = layers.Dense(1, activation=activation)
    model = keras.Model(inputs, dense(layers.GlobalAveragePooling2D()(conv(inputs))))
    explain = exact(wrap_model(model, labels=("cat", "dog"), preprocessing=RAW), targets=("cat", "dog"))
    picture = image(32, 32)
    explanation = explain(picture)

    def eager(x):
        features = conv(x)
        logit = tf.reduce_mean(features, axis=(1, 2)) @ dense.kernel + dense.bias
        logits = tf.concat([-logit, logit], axis=-1)
        return features, logits, tf.concat([1 - tf.sigmoid(logit), tf.sigmoid(logit)], axis=-1)

    np.testing.assert_allclose(explanation.probabilities, eager(as_input(picture))[2][0], atol=1e-6)
    maps = [models.eager_gradcam(eager, as_input(picture), i, "logit") for i in range(2)]
    assert max(m.max() for m in maps) > 0
    np.testing.assert_allclose(explanation.heatmaps, maps, atol=1e-4 * max(m.max() for m in maps))


def test_output_without_softmax_is_read_as_logits():
    keras.utils.set_random_seed(4)
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(6, 3, strides=2, activation="relu")(inputs)
    model = keras.Model(inputs, layers.Dense(4)(layers.GlobalAveragePooling2D()(x)))
    explanation = exact(wrap_model(model, preprocessing=RAW))(image(32, 32))
    expected = tf.nn.softmax(model(as_input(image(32, 32))))[0]
    np.testing.assert_allclose(explanation.probabilities, expected, atol=1e-6)


def average_of_two_heads(scale=1.0):
    keras.utils.set_random_seed(6)
    inputs = keras.Input((32, 32, 3))
    conv = layers.Conv2D(6, 3, strides=2, activation="relu", name="conv")
    pooled = layers.GlobalAveragePooling2D()(conv(layers.Rescaling(scale)(inputs)))
    heads = [layers.Dense(4, activation="softmax")(pooled) for _ in range(2)]
    return keras.Model(inputs, layers.Average()(heads))


def test_probabilities_that_do_not_end_in_a_softmax_stay_what_they_are():
    model = average_of_two_heads(1 / 255)
    explanation = exact(wrap_model(model, preprocessing=RAW), engine="tensorflow")(image(32, 32))
    np.testing.assert_allclose(explanation.probabilities, model(as_input(image(32, 32)))[0], atol=1e-5)
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(6, 3, strides=2, activation="relu")(inputs)
    x = layers.Dense(4, activation="softmax")(layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 255)(x)))
    reshaped = keras.Model(inputs, layers.Reshape((4,))(layers.Reshape((2, 2))(x)))
    explanation = exact(wrap_model(reshaped, preprocessing=RAW))(image(32, 32))
    np.testing.assert_allclose(explanation.probabilities, reshaped(as_input(image(32, 32)))[0], atol=1e-5)


def test_gray_models_see_luma():
    inputs = keras.Input((16, 16, 1))
    x = layers.Conv2D(2, 3, activation="relu", kernel_initializer="ones")(inputs)
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling2D()(x)))
    picture = image(16, 16)
    explanation = exact(wrap_model(model, preprocessing=RAW))(picture)
    luma = (picture @ np.array([0.114, 0.587, 0.299]))[None, ..., None]
    np.testing.assert_allclose(explanation.probabilities, model(luma)[0], atol=1e-4)


def test_the_callers_model_is_left_as_it_was():
    model = models.nested().model
    weights = [w.copy() for w in model.get_weights()]
    call = keras.layers.Layer.__call__
    before = {layer.name: dict(vars(layer)) for layer in [model, *model.layers]}
    spec = model.input_spec
    exact(wrap_model(model, preprocessing=RAW))(image(models.SIDE, 3 * models.SIDE))
    assert keras.layers.Layer.__call__ is call
    for layer in [model, *model.layers]:
        assert vars(layer).keys() == before[layer.name].keys()
    assert [s.shape for s in model.input_spec] == [s.shape for s in spec]
    for old, new in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    with pytest.raises(ValueError, match="incompatible"):
        model(np.zeros((1, 10, 10, 3)))


def test_a_pooling_window_that_covers_its_map_is_no_reason_to_refuse():
    inputs = keras.Input((28, 28, 3))
    x = inputs
    for filters in (4, 8, 8):
        x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 3, padding="same", activation="relu")(x))
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(layers.Flatten()(layers.MaxPooling2D(2)(x))))
    assert exact(wrap_model(model, preprocessing=RAW), fit="stretch", engine="tensorflow")(
        image(28, 28)
    ).heatmaps.shape == (1, 3, 3)


def test_a_fixed_pooling_window_is_not_taken_for_global_pooling():
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(4, 4, strides=4, activation="relu")(inputs)
    x = layers.Flatten()(layers.AveragePooling2D(8)(x))
    explain = exact(
        wrap_model(keras.Model(inputs, layers.Dense(3, activation="softmax")(x)), preprocessing=RAW),
        engine="tensorflow",
    )
    with pytest.warns(StreamcamWarning, match="8x8 window"):
        explain(image(32, 56))


def test_a_layer_beside_the_way_to_the_score_is_refused():
    inputs = keras.Input((32, 32, 3))
    side = layers.Conv2D(2, 3, name="side")(inputs)
    x = layers.Conv2D(2, 3, name="main")(inputs)
    score = layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    whole = keras.Model(inputs, [score, side])

    class Both(keras.Model):
        def call(self, x):
            return whole(x)[0]

    with pytest.raises(LayerError, match="does not depend"):
        exact(wrap_model(Both(), preprocessing=RAW, input_size=(32, 32)), layer="side")(image(32, 32))


def test_a_call_inside_a_tf_function_is_explained_too():
    class Wrapped(models.Subclassed):
        @tf.function
        def call(self, x):
            return super().call(x)

    plain, wrapped = models.subclassed().model, Wrapped()
    wrapped(np.zeros((1, 48, 48, 3), np.float32))
    wrapped.set_weights(plain.get_weights())
    maps = [
        exact(wrap_model(m, preprocessing=RAW, input_size=(48, 48)), targets=(3,))(image()).heatmaps
        for m in (plain, wrapped)
    ]
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-4 * maps[0].max())
    assert not tf.config.functions_run_eagerly()
