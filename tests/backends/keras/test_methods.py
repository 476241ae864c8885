"""The formulas, against another implementation and against their definitions."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from makers import models
from makers.explainers import RAW, exact, image
from makers.needs import need_module

from streamcam import GradCAM, wrap_model
from streamcam.backends.formulas import METHODS
from streamcam.explainers.precision import correlation

LAYERS = ("top_activation", "block5c_add")


ENGINES = ("openvino", "tensorflow")


def eager(classifier, picture, layer, weights):
    """``(h, w, c)`` activations and gradients of a weighted sum of logits, by a tape; nothing of streamcam's graph."""
    import keras

    model = classifier.network.model
    pixels = (tf.cast(picture[None, ..., ::-1], tf.float32) - 127) / 128
    target = model.get_layer(layer).output
    below, logits = keras.Model(model.input, target), keras.layers.Dense(1000)
    above = keras.Model(target, model.get_layer("avg_pool").output)
    logits.build((None, 1280))
    logits.set_weights(model.get_layer("predictions").get_weights())
    with tf.GradientTape() as tape:
        activations = below(pixels)
        tape.watch(activations)
        score = tf.reduce_sum(logits(above(activations))[0] * weights)
    return activations[0].numpy(), tape.gradient(score, activations)[0].numpy()


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_agrees_with_pytorch_grad_cam(bundled, pictures, method, layer):
    need_module("torch", "pytorch-grad-cam runs on it")
    import torch

    try:  # torchvision's own build for a processor without CUDA is not on PyPI, and it asks for an operator of the other
        library = torch.library.Library("torchvision", "DEF")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    except RuntimeError:
        pass  # it is there
    theirs = need_module("pytorch_grad_cam", "the other implementation")
    names = {"gradcam": "GradCAM", "gradcam++": "GradCAMPlusPlus", "hirescam": "HiResCAM", "xgradcam": "XGradCAM",
             "layercam": "LayerCAM", "eigencam": "EigenCAM"}  # fmt: skip
    module = torch.nn.Conv2d(1, 1, 1)  # never run: the formulas are fed directly
    cam = getattr(theirs, names[method])(model=module, target_layers=[module])
    explain = GradCAM(bundled, method=method, layer=layer, fit="stretch", precision="f32")
    for picture in pictures:
        explanation = explain(picture)
        weights = tf.one_hot(int(explanation.classes[0]), 1000)
        a, g = eager(bundled, picture, layer, weights)
        scale = (
            1e4 if method == "gradcam++" else 1.0
        )  # A / s and G * s give the same map, without the weight of its 1e-6
        expected = cam.get_cam_image(
            torch.zeros(1, 3, 8, 8),
            module,
            None,
            a.transpose(2, 0, 1)[None] / scale,
            g.transpose(2, 0, 1)[None] * scale,
            False,
        )[0]
        if method == "eigencam":  # its sign is that of a linear algebra library
            expected = max(expected, -expected, key=lambda m: correlation(np.maximum(m, 0), explanation.heatmaps[0]))
        assert correlation(np.maximum(expected, 0), explanation.heatmaps[0]) >= 0.999
    cam.activations_and_grads.release()


@pytest.mark.parametrize("method", METHODS)
def test_both_engines_agree_on_every_method_and_question(method):
    specimen = wrap_model(models.flat().model)
    picture = np.random.default_rng(3).integers(0, 256, (48, 48, 3), np.uint8)
    targets = ("0", "top2", "1 vs 4", "not 2", "not top1 rather than 3")
    one, other = (
        GradCAM(specimen, method=method, targets=targets, engine=engine, precision="f32", cache=False)(picture)
        for engine in ENGINES
    )
    peak = one.heatmaps.max()
    assert peak > 0
    np.testing.assert_allclose(one.heatmaps, other.heatmaps, atol=1e-3 * peak)
    assert (one.classes == other.classes).all()
    assert (one.versus == other.versus).all()


def test_a_comparison_is_the_gradient_of_the_difference(bundled, pictures):
    explain = GradCAM(bundled, fit="stretch", precision="f32", targets=("tabby vs tiger cat", "not tabby", "tabby"))
    explanation = explain(pictures[0])
    labels = bundled.labels
    for k, (one, other, sign) in enumerate((("tabby", "tiger cat", 1), ("tabby", None, -1), ("tabby", None, 1))):
        weights = tf.one_hot(labels.index(one), 1000) - (tf.one_hot(labels.index(other), 1000) if other else 0)
        a, g = eager(bundled, pictures[0], "top_activation", sign * weights)
        expected = np.maximum((a * g.mean(axis=(0, 1))).sum(axis=-1), 0)
        np.testing.assert_allclose(explanation.heatmaps[k], expected, atol=1e-3 * expected.max())
    assert [labels[c] for c in explanation.classes] == ["tabby"] * 3
    assert explanation.versus.tolist() == [labels.index("tiger cat"), -1, -1]
    assert explanation.against.tolist() == [False, True, False]
    # what speaks for a class and what speaks against it are nowhere both
    assert not ((explanation.heatmaps[1] > 0) & (explanation.heatmaps[2] > 0)).any()


def test_layers_are_fused_at_the_finest_resolution_and_the_strength_of_the_last(bundled, pictures):
    last, early = (GradCAM(bundled, fit="stretch", precision="f32", layer=name)(pictures[0]) for name in LAYERS)
    explain = GradCAM(bundled, fit="stretch", precision="f32", layer=LAYERS)
    fused = explain(pictures[0])
    assert fused.heatmaps.shape[1:] == early.heatmaps.shape[1:] == (14, 14)
    assert explain.layer == "block5c_add+top_activation"
    assert fused.heatmaps.max() <= last.heatmaps.max() * 1.001
    fine, coarse = early.heatmaps[0] / early.heatmaps.max(), last.heatmaps[0] / last.heatmaps.max()
    wide = tf.image.resize(coarse[..., None], (14, 14))[..., 0].numpy()
    np.testing.assert_allclose(fused.heatmaps[0], (fine + wide) / 2 * last.heatmaps.max(), rtol=1e-3, atol=1e-4)


def test_no_positive_evidence_is_a_zero_map():
    inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(2, 3, activation="relu", kernel_initializer="ones")(inputs)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(2, kernel_initializer=keras.initializers.Constant(-1.0), activation="softmax")(x)
    explanation = exact(wrap_model(keras.Model(inputs, x), preprocessing=RAW), targets=(0, 1))(image(16, 16))
    assert (explanation.heatmaps == 0).all()
    black = exact(wrap_model(keras.Model(inputs, x), preprocessing=RAW))(np.zeros((16, 16, 3), np.uint8))
    assert (black.heatmaps == 0).all()
    assert np.isfinite(black.probabilities).all()
