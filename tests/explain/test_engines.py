"""Both engines give the same heatmaps within a thousandth of the maximum, in f32."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from makers import models
from makers.explainers import RAW, exact, image

from streamcam import GradCAM, load_model, wrap_model

FAMILIES = (
    "resnet50_v2", "mobilenet_v2", "densenet121", "efficientnet_v2_b0", "convnext_tiny", "vgg16", "inception_v3", "nasnet_mobile"
)  # fmt: skip


def network(name):
    if name == "vgg16":  # with its dense head, but not for 224x224, where that has half a gigabyte of weights
        keras.utils.set_random_seed(0)
        return wrap_model(keras.applications.VGG16(weights=None, input_shape=(64, 64, 3), classes=50))
    return load_model(name, weights="none")


@pytest.mark.filterwarnings("ignore:vgg16")  # its dense head takes one size only
@pytest.mark.parametrize("name", FAMILIES)
def test_engines_agree(name, cat):
    classifier = network(name)
    # Little contrast, so that random weights give no probability of exactly 1.
    picture = np.ascontiguousarray(cat[:240, :320]) // 4 + 80
    answers = [
        GradCAM(classifier, engine=engine, precision="f32", targets=("top1", "top2"), cache=False)(picture)
        for engine in ("openvino", "tensorflow")
    ]
    np.testing.assert_allclose(answers[0].probabilities, answers[1].probabilities, atol=1e-4)
    seen = 0
    for index, heatmap in zip(answers[1].classes, answers[1].heatmaps, strict=True):
        ours = answers[0].heatmaps[list(answers[0].classes).index(index)]
        np.testing.assert_allclose(ours, heatmap, atol=1e-3 * heatmap.max())
        seen += heatmap.max() > 0
    assert seen


@pytest.mark.parametrize("fit", ["native", "stretch", "crop"])
@pytest.mark.parametrize("score", ["logit", "probability"])
def test_both_engines_give_the_same(bundled, cat, score, fit):
    answers = [
        exact(bundled, engine=engine, score=score, fit=fit, targets=("top1", "espresso"))(cat)
        for engine in ("openvino", "tensorflow")
    ]
    for a, b in zip(answers[0].heatmaps, answers[1].heatmaps, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3 * b.max())
    np.testing.assert_allclose(answers[0].probabilities, answers[1].probabilities, atol=1e-5)
    np.testing.assert_array_equal(answers[0].classes, answers[1].classes)
    assert answers[0].region == answers[1].region


def test_threads_can_be_set():
    assert exact(wrap_model(models.flat().model, preprocessing=RAW), threads=1)(image()).heatmaps.shape == (1, 12, 12)
