"""Recipro-CAM against plain loops over the places of a map, in both engines and on files."""

from __future__ import annotations

from functools import partial

import cv2
import keras
import numpy as np
import onnx
import pytest
from keras import layers
from makers import models
from makers.explainers import RAW, as_input, exact, image
from makers.graphs import CLASSES, SIDE, onnx_classifier, onnx_transformer
from onnx.reference import ReferenceEvaluator

from streamcam import load_model, wrap_model
from streamcam.errors import ModelError
from streamcam.models.preprocessing import PREPROCESSINGS

UNIT = PREPROCESSINGS["unit"]
explainer = partial(exact, method="recipro-cam", cache=False)


def alone(tensor):
    """``(h*w, h, w, c)``: a map ``(1, h, w, c)`` once for each place, with zeros elsewhere."""
    height, width = tensor.shape[1:3]
    masks = np.eye(height * width, dtype=np.float32).reshape(-1, height, width, 1)
    return np.asarray(tensor) * masks


def same(actual, rows, weights):
    """Equal within 1e-5 of the maximum and the rounding of a probability, where the paper's map begins at zero."""
    rounding = 4 * np.finfo(np.float32).eps * rows.max()
    expected = rows @ np.array(weights, np.float32)
    expected -= expected.min()
    assert expected.max() > 1e-4
    np.testing.assert_allclose(actual.ravel(), expected, atol=1e-5 * expected.max() + rounding, rtol=0)


@pytest.fixture(scope="module")
def sharp():
    """A tiny network whose probabilities depend much on what it sees: there is nothing to compare in flat ones."""
    model = models.flat().model
    kernel, bias = model.get_layer("logits").get_weights()
    model.get_layer("logits").set_weights([10 * kernel, bias])
    return model


def by_loop(model, layer, picture):
    """``(h*w, classes)``: the paper's loop. What goes around the layer, in the residual connection, is left as it is."""
    before = keras.Model(model.input, [model.get_layer("conv_b").output, model.get_layer(layer).output])
    around, tensor = before(as_input(picture, 1 / 255))
    inputs = {name: model.get_layer(name).output for name in dict.fromkeys(("conv_b", layer))}
    behind = keras.Model([*inputs.values()], model.output)
    rows = []
    for one in alone(tensor):
        given = {"conv_b": np.asarray(around), layer: one[np.newaxis]}
        rows.append(np.asarray(behind([given[name] for name in inputs]))[0])
    return np.array(rows)


@pytest.mark.parametrize("engine", ["openvino", "tensorflow"])
@pytest.mark.parametrize("layer", ["conv_sum", "conv_c", "conv_b"])
def test_the_map_is_the_probability_of_each_place_alone(sharp, layer, engine):
    picture = image(seed=4)
    explain = explainer(
        wrap_model(sharp, preprocessing=UNIT), layer=layer, engine=engine, targets=(2, "1 vs 4", "not 5")
    )
    found = explain(picture)
    rows = by_loop(sharp, layer, picture)
    one = np.eye(models.CLASSES)
    for heatmap, weights in zip(found.heatmaps, (one[2], one[1] - one[4], -one[5]), strict=True):
        assert heatmap.shape == (12, 12)
        same(heatmap, rows, weights)
    assert (explain.engine, explain.layer) == (engine, layer)
    assert (explain.describe()["method"], explain.describe()["score"]) == ("recipro-cam", "probability")


def test_layers_are_fused_as_those_of_other_methods(tmp_path):
    classifier = load_model(onnx_classifier(tmp_path / "tiny.onnx"), preprocess="unit", cache=False)
    one, other = explainer(classifier), explainer(classifier, layer=("relu1", "map"))
    early = explainer(classifier, layer="relu1")(image(SIDE, SIDE)).heatmaps[0]
    last = one(image(SIDE, SIDE)).heatmaps[0]
    fused = other(image(SIDE, SIDE)).heatmaps[0]
    assert other.layer == f"relu1+{one.layer}"
    assert fused.shape == early.shape == (16, 16)
    wide = cv2.resize(last / last.max(), (16, 16), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(fused, (early / early.max() + wide) / 2 * last.max(), atol=1e-5 * last.max())


def test_a_network_for_one_picture_at_a_time_is_run_place_by_place(tmp_path):
    path = onnx_transformer(tmp_path / "whole.onnx")
    onnx.utils.extract_model(str(path), str(tmp_path / "front.onnx"), ["image"], ["block0", "norm1"])
    onnx.utils.extract_model(str(path), str(tmp_path / "behind.onnx"), ["block0", "norm1"], ["scores"])
    picture = image(SIDE, SIDE)
    explain = explainer(load_model(path, preprocess="unit", cache=False), targets=(3,))
    found = explain(picture)
    assert explain.layer == "norm1"
    pixels = as_input(picture, 1 / 255).transpose(0, 3, 1, 2)
    block, norm = ReferenceEvaluator(str(tmp_path / "front.onnx")).run(None, {"image": pixels})
    behind = ReferenceEvaluator(str(tmp_path / "behind.onnx"))
    rows = []
    for place in range(16):
        masked = norm * np.isin(np.arange(17), (0, 1 + place))[np.newaxis, :, np.newaxis]  # with the class token
        [scores] = behind.run(None, {"block0": block, "norm1": masked.astype(np.float32)})
        rows.append(np.exp(scores[0]) / np.exp(scores[0]).sum())
    same(found.heatmaps[0], np.array(rows), np.eye(CLASSES)[3])


def test_a_network_that_mixes_the_pictures_of_a_batch_gets_one_at_a_time():
    inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(inputs)
    x = layers.GlobalMaxPooling2D()(x)
    mixed = x - 0.5 * keras.ops.max(x, axis=0, keepdims=True)  # half of itself, where there is one picture
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(mixed))
    found = explainer(wrap_model(model, preprocessing=UNIT), engine="openvino", targets=(0,))(image(16, 16))
    tensor = keras.Model(inputs, model.get_layer("conv").output)(as_input(image(16, 16), 1 / 255))
    behind = keras.Model(model.get_layer("conv").output, model.output)
    rows = np.array([np.asarray(behind(one[np.newaxis]))[0] for one in alone(tensor)])
    same(found.heatmaps[0], rows, (1, 0, 0))


def test_it_explains_what_has_no_gradient_and_the_refusal_of_the_others_says_so():
    inputs = keras.Input((28, 28, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")(inputs)
    x = layers.Lambda(lambda t: keras.ops.cumsum(t, axis=1), output_shape=lambda shape: shape)(x)
    x = layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    classifier = wrap_model(keras.Model(inputs, x), preprocessing=UNIT)
    with pytest.raises(ModelError, match=r"CumSum.*; --method recipro-cam needs none"):
        exact(classifier, layer="conv", engine="openvino", cache=False)(image(28, 28))
    explain = explainer(classifier, layer="conv", engine="openvino")
    assert explain(image(28, 28)).heatmaps.max() > 0
    assert explain.engine == "openvino"


def test_differences_of_rounding_are_no_evidence():
    inputs = keras.Input((16, 16, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3, activation="relu")(inputs))
    head = layers.Dense(2, activation="softmax", kernel_initializer="ones")  # alike for both classes, but for rounding
    classifier = wrap_model(keras.Model(inputs, head(x)), preprocessing=RAW)
    assert (explainer(classifier, targets=(0, 1))(image(16, 16)).heatmaps == 0).all()
