"""Relevance through attention against a plain computation with tapes, and what it refuses."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from makers import models
from makers.explainers import RAW, as_input, exact, image
from makers.graphs import SIDE, onnx_transformer
from openvino import opset15

from streamcam import load_model, wrap_model
from streamcam.backends.openvino.engine import core
from streamcam.errors import LayerError, ModelError
from streamcam.system.libraries import load_openvino

BLOCKS, TOKENS = 2, 16


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return onnx_transformer(tmp_path_factory.mktemp("transformer") / "plain.onnx")


@pytest.fixture(scope="module")
def classifier(path):
    return load_model(path, preprocess="unit", cache=False)


@pytest.fixture(scope="module", params=[False, True], ids=["mean", "class token"])
def transformer(request):
    keras.utils.set_random_seed(3)
    return models.attentive(class_token=request.param), request.param


def by_tape(model, class_token, pixels, index):
    """``(4, 4)``: the relevance of Chefer et al. 2021, with every attention written out."""

    def layer(name):
        return model.get_layer(name)

    x = layer("row")(layer("patch")(pixels))
    x = tf.pad(x, [[0, 0], [1, 0], [0, 0]]) if class_token else x
    seen = []
    with tf.GradientTape(persistent=True) as tape:
        for block in range(BLOCKS):
            attention = layer(f"attention{block}")
            y = layer(f"norm{block}")(x)
            query, key, value = (
                tf.einsum("bnc,chd->bhnd", y, dense.kernel) + dense.bias[:, tf.newaxis]
                for dense in (attention._query_dense, attention._key_dense, attention._value_dense)
            )
            weights = tf.nn.softmax(tf.einsum("bhnd,bhmd->bhnm", query, key) / np.sqrt(8))
            tape.watch(weights)
            seen.append(weights)
            mixed = tf.einsum("bhnm,bhmd->bnhd", weights, value)
            output = attention._output_dense
            x = x + tf.einsum("bnhd,hdc->bnc", mixed, output.kernel) + output.bias
            x = x + layer(f"mlp{block}")(x)
        pooled = x[:, 0] if class_token else tf.reduce_mean(x, axis=1)
        head = model.layers[-1]
        score = (pooled @ head.kernel + head.bias)[0, index]
    count = TOKENS + class_token
    relevance = np.eye(count)
    for weights in seen:
        product = np.maximum(tape.gradient(score, weights) * weights, 0)[0].mean(axis=0)
        relevance = relevance + product @ relevance
    row = relevance[0, 1:] if class_token else relevance.mean(axis=0) - 1 / count  # without the identity it began with
    return row.reshape(4, 4)


def test_the_map_is_the_relevance_of_the_paper(transformer):
    model, class_token = transformer
    explain = exact(
        wrap_model(model, preprocessing=RAW), method="attention", fit="stretch", targets=range(5), cache=False
    )
    picture = image(64, 64)
    found = explain(picture)
    for index, heatmap in enumerate(found.heatmaps):
        expected = by_tape(model, class_token, as_input(picture), index)
        assert expected.max() > 0
        np.testing.assert_allclose(heatmap, expected, atol=1e-5 * expected.max(), rtol=0)
    assert (explain.describe()["method"], explain.layer, explain.engine) == (
        "attention",
        "2 attention maps",
        "openvino",
    )


def fused(path):
    """An OpenVINO file of the transformer, with each attention as one operation."""
    model = core().read_model(path)
    for node in model.get_ordered_ops():
        if node.get_type_name() == "Softmax" and len(node.get_output_shape(0)) == 3:
            query, turned = node.input_value(0).get_node().input_values()
            [consumer] = node.output(0).get_target_inputs()
            mixed = consumer.get_node()
            whole = opset15.scaled_dot_product_attention(
                query,
                turned.get_node().input_value(0),
                mixed.input_value(1),
                opset15.constant(np.float32(0)),
                opset15.constant(np.float32(1)),
            )
            for target in mixed.output(0).get_target_inputs():
                target.replace_source_output(whole.output(0))
    model.validate_nodes_and_infer_types()
    load_openvino().save_model(model, path.with_suffix(".xml"), compress_to_fp16=False)
    return path.with_suffix(".xml")


def test_fused_attention_is_taken_apart(classifier, path):
    other = load_model(fused(path), preprocess="unit", cache=False)
    answers = [
        exact(one, method="attention", targets=(0, 1))(image(SIDE, SIDE)).heatmaps for one in (classifier, other)
    ]
    assert answers[0].max() > 0
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-5 * answers[0].max(), rtol=0)


def test_going_over_to_another_method_names_its_layer_again(classifier):
    explain = exact(classifier)
    named = []
    for method in ("gradcam", "attention", "gradcam"):
        explain(image(SIDE, SIDE), method=method)
        named.append(explain.layer)
    assert named == ["norm1", "2 attention maps", "norm1"]
    assert explain.trace_count == 2


def windowed():
    """Attention within four windows of four patches each."""
    inputs = keras.Input((64, 64, 3))
    x = layers.Conv2D(8, 16, strides=16)(inputs)
    x = keras.ops.reshape(x, (-1, 4, 8))
    x = layers.MultiHeadAttention(2, 4)(x, x)
    x = keras.ops.reshape(x, (-1, 4, 4, 8))
    return keras.Model(inputs, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))


def test_what_it_cannot_explain_is_refused_in_a_line(classifier):
    with pytest.raises(
        LayerError, match=r"^norm1: --method attention goes through every attention .*; leave the layer out$"
    ):
        exact(classifier, method="attention", layer="norm1")(image(SIDE, SIDE))
    plain = wrap_model(models.flat().model, preprocessing=RAW, name="small")
    with pytest.raises(ModelError, match=r"^small: has no attention; use --method gradcam$"):
        exact(plain, method="attention", cache=False)(image())
    with pytest.raises(ModelError, match=r"^--method attention: runs in OpenVINO, .*; use --engine openvino$"):
        exact(plain, method="attention", engine="tensorflow")(image())
    shut = wrap_model(windowed(), preprocessing=RAW, name="shut")
    with pytest.raises(
        ModelError, match=r"^shut: its attention \S+ is not of every patch to every other \(4x2x4x4\); use"
    ):
        exact(shut, method="attention", cache=False)(image(64, 64))
