"""The explainer against a plain eager computation, and the promises it makes."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from makers import models
from makers.explainers import RAW, as_input, assert_same_map, exact, image

from streamcam import GradCAM, load_model, wrap_model
from streamcam.errors import OptionError, StreamcamWarning
from streamcam.models.preprocessing import PREPROCESSINGS


@pytest.mark.parametrize("engine", ["openvino", "tensorflow"])
@pytest.mark.parametrize("score", ["logit", "probability"])
@pytest.mark.parametrize("kind", models.SPECIMENS)
def test_agrees_with_plain_eager_code_for_every_class(kind, score, engine):
    specimen = models.SPECIMENS[kind]()
    # Scaled to 0…1: raw pixels would drive the softmax to exactly 1, where a probability has no gradient.
    classifier = wrap_model(specimen.model, preprocessing=PREPROCESSINGS["unit"], input_size=(models.SIDE, models.SIDE))
    explain = exact(classifier, layer=specimen.layer, score=score, targets=range(models.CLASSES), engine=engine)
    seen = 0
    for seed in range(3):
        picture = image(seed=seed)
        explanation = explain(picture)
        _, _, probabilities = specimen.eager(tf.constant(as_input(picture, 1 / 255)))
        np.testing.assert_allclose(explanation.probabilities, probabilities[0], atol=1e-5)
        np.testing.assert_array_equal(explanation.classes, range(models.CLASSES))
        np.testing.assert_array_equal(explanation.scores, explanation.probabilities)
        for index in range(models.CLASSES):
            expected = models.eager_gradcam(specimen.eager, as_input(picture, 1 / 255), index, score)
            assert explanation.heatmaps[index].shape == expected.shape
            if expected.max() > 0:
                assert_same_map(explanation.heatmaps[index], expected)
                seen += 1
            else:
                assert explanation.heatmaps[index].max() == 0
    assert seen >= models.CLASSES
    assert (explain.engine, explain.precision) == (engine, "f32")


@pytest.fixture(scope="module")
def resnet50():
    return load_model("resnet50", weights="none")


@pytest.mark.parametrize(("score", "engine"), [("logit", "openvino"), ("probability", "tensorflow")])
def test_agrees_with_plain_eager_code_for_resnet50(resnet50, cat, score, engine):
    classifier = resnet50
    model = classifier.network.model
    top = model.layers[-1]
    whole = keras.Model(model.inputs, [model.get_layer("conv5_block3_out").output, top.input, model.output])

    def eager(x):
        activations, pooled, probabilities = whole(x)
        return activations, pooled @ top.kernel + top.bias, probabilities

    explain = exact(classifier, fit="stretch", targets=("top1", "top2", "top3"), score=score, engine=engine)
    picture = np.ascontiguousarray(cat[:224, :224]) // 4 + 80  # little contrast, so that no probability is exactly 1
    explanation = explain(picture)
    x = picture[None].astype(np.float32) - [103.939, 116.779, 123.68]
    assert explain.layer == "conv5_block3_out"
    for index, heatmap in zip(explanation.classes, explanation.heatmaps, strict=True):
        assert_same_map(heatmap, models.eager_gradcam(eager, x, int(index), score))


def test_native_fit_agrees_with_plain_eager_code_on_a_wide_frame():
    specimen = models.flat()
    explain = exact(wrap_model(specimen.model, preprocessing=RAW), targets=("top1",))
    picture = image(models.SIDE, 2 * models.SIDE)
    explanation = explain(picture)
    free = keras.models.clone_model(specimen.model, input_tensors=keras.Input((None, None, 3)))
    free.set_weights(specimen.model.get_weights())
    whole = keras.Model(free.inputs, [free.get_layer("conv_sum").output, free.get_layer("logits").output, free.output])
    expected = models.eager_gradcam(lambda x: tuple(whole(x)), as_input(picture), int(explanation.classes[0]), "logit")
    assert explanation.heatmaps.shape == (1, 12, 24)
    assert_same_map(explanation.heatmaps[0], expected)


def test_compiles_once_for_500_frames_and_50_class_switches():
    explain = exact(wrap_model(models.flat().model, preprocessing=RAW))
    wanted = [("top1",), ("top2",), ("class 3",), (5,)]
    for i in range(500):
        explanation = explain(image(seed=i % 7), targets=wanted[i // 10 % 4])
    assert explanation.heatmaps.shape == (1, 12, 12)
    assert explain.trace_count == 1


def test_compiles_again_only_for_another_shape_or_number_of_classes():
    explain = exact(wrap_model(models.flat().model, preprocessing=RAW))
    for shape, targets, traces in [
        ((48, 48), 1, 1),
        ((96, 96), 1, 1),
        ((48, 96), 1, 2),
        ((48, 48), 2, 3),
        ((48, 48), 1, 3),
    ]:
        explain(image(*shape), targets=list(range(targets)))
        assert explain.trace_count == traces


def test_questions_are_data_and_compile_nothing(bundled, pictures):
    explain = GradCAM(bundled, fit="stretch")
    for target in ("top1", "tabby vs top1", "not 7", "not tabby rather than tiger cat", "top5"):
        explain(pictures[0], (target,))
    assert explain.trace_count == 1


@pytest.mark.parametrize(
    ("name", "flatten"), [("flattened", layers.Flatten()), ("reshaped", lambda x: keras.ops.reshape(x, (-1, 900)))]
)
def test_a_head_that_takes_one_size_gets_it_and_that_is_said_in_one_line(name, flatten):
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(4, 3, strides=2, activation="relu")(inputs)
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(flatten(layers.Dropout(0.5)(x))))
    classifier = wrap_model(model, preprocessing=RAW, name=name)
    explain = exact(classifier)
    assert explain.describe()["fit"] == "stretch"
    assert explain(image(32, 32)).heatmaps.shape == (1, 15, 15)  # nothing to say of a square frame
    with pytest.warns(StreamcamWarning) as said:
        explain(image(32, 64))
    assert [str(one.message) for one in said] == [
        f"{name}: takes only 32x32: stretched to that (--fit crop takes the centre)"
    ]
    explain(image(64, 32))  # said once
    assert explain.trace_count == 1
    with pytest.raises(OptionError, match=f"size 64: {name} takes only 32x32"):
        exact(classifier, size=64)


def test_a_model_is_fed_what_its_authors_feed_it_unless_something_else_is_asked_for():
    classifier = replace(wrap_model(models.flat().model, preprocessing=RAW, name="central"), fit="crop")
    with pytest.warns(StreamcamWarning, match=r"fed the centre of the frame, .*--fit native"):
        explain = exact(classifier)
    assert explain.describe()["fit"] == "crop"
    region = explain(image(48, 96)).region
    assert (region.x0, region.x1) == (24, 72)
    assert exact(classifier, fit="native").fit == "native"
    assert exact(wrap_model(models.flat().model, preprocessing=RAW)).fit == "native"


def test_size_sets_the_short_side():
    explain = exact(wrap_model(models.flat().model, preprocessing=RAW), size=96)
    assert explain(image(100, 100)).heatmaps.shape == (1, 24, 24)


def test_a_keras_model_can_be_given_as_it_is():
    explanation = exact(models.sequential().model)(image())
    assert explanation.heatmaps.shape[0] == 1


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_what_is_no_image_is_refused(bad):
    with pytest.raises(OptionError, match=r"\(H, W, 3\) uint8"):
        exact(wrap_model(models.flat().model, preprocessing=RAW))(bad)


@pytest.mark.parametrize("option", [{"fit": "huge"}, {"score": "x"}, {"method": "x"}, {"engine": "x"}, {"size": 2}])
def test_unknown_settings_are_refused(option):
    with pytest.raises(OptionError, match=next(iter(option))):
        exact(wrap_model(models.flat().model), **option)


def test_a_probability_at_its_end_leaves_no_evidence_and_says_so():
    specimen = models.flat(seed=3)
    dense = specimen.model.get_layer("logits")
    dense.kernel.assign(dense.kernel * 1e6)
    explain = exact(specimen.model, score="probability")
    with pytest.warns(StreamcamWarning, match="nothing changes its probability.*--score logit"):
        explanation = explain(image())
    assert explanation.heatmaps.max() < 1e-7
    assert exact(specimen.model, score="logit")(image()).heatmaps.max() > 1
