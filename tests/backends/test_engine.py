"""Both engines give the same heatmaps within a thousandth of the maximum, in f32."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from makers import models
from makers.explainers import RAW, exact, image

from streamcam import wrap_model

# To a layer by which a network has shown every kind of layer and connection that it is made of.
FAMILIES = {
    "ResNet50V2": "conv3_block1_out",
    "MobileNetV2": "block_5_add",
    "DenseNet121": "conv3_block2_concat",
    "EfficientNetV2B0": "block4b_add",
    "ConvNeXtTiny": "convnext_tiny_stage_1_block_1_identity",
    "VGG16": "block3_pool",
    "InceptionV3": "mixed3",
    "NASNetMobile": "normal_concat_0",
}


def beginning(family, last):
    """A network of a family up to a layer, with a dense head."""
    keras.utils.set_random_seed(0)
    side = 64 if family == "VGG16" else 96
    whole = getattr(keras.applications, family)(weights=None, include_top=False, input_shape=(side, side, 3))
    flatten = keras.layers.Flatten() if family == "VGG16" else keras.layers.GlobalAveragePooling2D()
    head = keras.layers.Dense(50, activation="softmax")
    return wrap_model(keras.Model(whole.inputs, head(flatten(whole.get_layer(last).output)), name=family.lower()))


@pytest.mark.filterwarnings("ignore:vgg16")  # its head takes one size only
@pytest.mark.parametrize(("family", "last"), FAMILIES.items())
def test_engines_agree(family, last, cat):
    classifier = beginning(family, last)
    # Little contrast, so that random weights give no probability of exactly 1.
    picture = np.ascontiguousarray(cat[:240, :320]) // 4 + 80
    explainers = [exact(classifier, engine=engine, cache=False) for engine in ("openvino", "tensorflow")]
    ours, theirs = (explain(np.ascontiguousarray(picture[:, :240]), ("top1", "top2")) for explain in explainers)
    np.testing.assert_allclose(ours.probabilities, theirs.probabilities, atol=1e-4)
    # Of a wide picture, OpenVINO gives the answer of the best window: the maps are compared for the same classes.
    answers = [explain(picture, theirs.classes.tolist()) for explain in explainers]
    seen = 0
    for index, heatmap in zip(answers[1].classes, answers[1].heatmaps, strict=True):
        ours = answers[0].heatmaps[list(answers[0].classes).index(index)]
        np.testing.assert_allclose(ours, heatmap, atol=1e-3 * heatmap.max())
        seen += heatmap.max() > 0
    assert seen


@pytest.mark.parametrize(("score", "fit"), [("logit", "native"), ("probability", "stretch"), ("logit", "crop")])
def test_both_engines_give_the_same(bundled, cat, score, fit):
    picture = np.ascontiguousarray(cat[:, 60:360]) if fit == "native" else cat  # what has one window
    answers = [
        exact(bundled, engine=engine, score=score, fit=fit, targets=("top1", "espresso"))(picture)
        for engine in ("openvino", "tensorflow")
    ]
    for a, b in zip(answers[0].heatmaps, answers[1].heatmaps, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3 * b.max())
    np.testing.assert_allclose(answers[0].probabilities, answers[1].probabilities, atol=1e-5)
    np.testing.assert_array_equal(answers[0].classes, answers[1].classes)
    assert answers[0].region == answers[1].region


def test_threads_can_be_set():
    assert exact(wrap_model(models.flat().model, preprocessing=RAW), threads=1)(image()).heatmaps.shape == (1, 12, 12)
