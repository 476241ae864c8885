"""The input and the output of models of many shapes, and which of them are no classifiers of one image."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers
from makers.explainers import RAW, as_input, exact, image

from streamcam import load_model, wrap_model
from streamcam.errors import ModelError, StreamcamWarning

SIDE = 24


@pytest.fixture(scope="module")
def parts():
    """An input, a map, three classes and one score, from which models are made."""
    keras.utils.set_random_seed(5)
    inputs = keras.Input((SIDE, SIDE, 3), name="picture")
    maps = layers.Conv2D(4, 3, strides=2, activation="relu", name="maps")(layers.Rescaling(1 / 255)(inputs))
    pooled = layers.GlobalAveragePooling2D()(maps)
    classes = layers.Dense(3, activation="softmax", name="classes")(pooled)
    score = layers.Dense(1, activation="sigmoid", name="score")(pooled)
    return inputs, maps, classes, score


def seen(model, **how):
    """What the explainer, and what the model itself says of a picture, and the explainer's classifier."""
    explain = exact(wrap_model(model, preprocessing=RAW, name="model", **how), engine="tensorflow")
    explanation = explain(image(SIDE, SIDE))
    assert explanation.heatmaps.max() > 0
    return explanation.probabilities, model(as_input(image(SIDE, SIDE))), explain.classifier


def test_the_only_entry_of_a_dict_or_a_list_is_the_output(parts):
    inputs, _, classes, _ = parts
    for outputs, key in (({"probs": classes}, "probs"), ([classes], None)):
        given, expected, classifier = seen(keras.Model(inputs, outputs))
        np.testing.assert_allclose(given, (expected if key is None else expected[key])[0], atol=1e-6)
        assert (classifier.output, classifier.assumed) == (key, ())


def test_the_only_output_with_classes_is_found_and_said_and_another_can_be_named(parts, tmp_path):
    inputs, _, classes, score = parts
    model = keras.Model(inputs, [score, classes])
    with pytest.warns(StreamcamWarning, match="classes taken from its output classes, not score"):
        given, expected, _ = seen(model)
    np.testing.assert_allclose(given, expected[1][0], atol=1e-6)
    for wanted in ("score", 0, "0"):
        given, expected, _ = seen(model, output=wanted)
        np.testing.assert_allclose(given[1], expected[0][0, 0], atol=1e-6)
    model.save(tmp_path / "m.keras")
    for _ in range(2):  # read, and from the cache
        assert load_model(tmp_path / "m.keras", output="score").output == 0
    with pytest.raises(ModelError, match=r"no output x; its outputs are score \(1, 1\), classes \(1, 3\)"):
        load_model(tmp_path / "m.keras", output="x")
    with pytest.raises(ModelError, match=r"2 of them could be the classes; choose one with --model-output"):
        wrap_model(keras.Model(inputs, {"a": classes, "b": classes}))
    with pytest.raises(ModelError, match="goes with a model file"):
        load_model(output="x")


def test_classes_over_a_map_of_one_place_are_classes(parts):
    inputs, maps, _, _ = parts
    pooled = layers.GlobalAveragePooling2D(keepdims=True)(maps)
    given, expected, _ = seen(keras.Model(inputs, layers.Conv2D(3, 1, activation="softmax")(pooled)))
    np.testing.assert_allclose(given, expected[0, 0, 0], atol=1e-6)


def head(x):
    maps = layers.Conv2D(4, 3, strides=2, activation="relu")(x)
    return layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(maps))


def test_inputs_with_channels_first_or_none_or_in_a_dict():
    first = keras.Input((3, SIDE, SIDE))
    model = keras.Model(first, head(layers.Permute((2, 3, 1))(first)))
    classifier = wrap_model(model, preprocessing=RAW)
    assert (classifier.layout, classifier.input_size) == ("nchw", (SIDE, SIDE))
    picture = image(SIDE, SIDE)
    expected = model(as_input(picture).transpose(0, 3, 1, 2))[0]
    np.testing.assert_allclose(exact(classifier, engine="tensorflow")(picture).probabilities, expected, atol=1e-5)

    gray = keras.Input((SIDE, SIDE))
    model = keras.Model(gray, head(layers.Reshape((SIDE, SIDE, 1))(gray)))
    classifier = wrap_model(model, preprocessing=RAW)
    assert (classifier.layout, classifier.preprocessing.order) == ("nhw", "gray")
    expected = model((picture @ np.array([0.114, 0.587, 0.299]))[None])[0]
    np.testing.assert_allclose(exact(classifier, engine="tensorflow")(picture).probabilities, expected, atol=1e-4)

    named = keras.Input((SIDE, SIDE, 3), name="picture")
    model = keras.Model({"picture": named}, head(named))
    given = exact(wrap_model(model, preprocessing=RAW), engine="tensorflow")(picture).probabilities
    np.testing.assert_allclose(given, model({"picture": as_input(picture)})[0], atol=1e-5)


def test_what_is_no_classifier_of_one_image_is_refused_with_what_it_is(parts):
    inputs, maps, classes, _ = parts
    other = keras.Input((4,), name="weather")
    both = layers.Dense(2)(layers.Concatenate()([classes, other]))
    for model, reason in [
        (keras.Model([inputs, other], both), r"takes 2 inputs \(picture \(None, 24, 24, 3\), weather \(None, 4\)\)"),
        (keras.Model(inputs, layers.UpSampling2D(2)(maps)), r"\(1, 22, 22, 4\).*segmentation"),
        (keras.Model(inputs, maps), "without its head"),
        (keras.Model(inputs, layers.GlobalAveragePooling2D()(maps)), "4 pooled activations.*without its head"),
        (keras.Model(inputs, [maps, layers.Flatten()(maps)[:, None, :, None]]), "none of them could be the classes"),
    ]:
        with pytest.raises(ModelError, match=reason) as caught:
            wrap_model(model)
        assert "\n" not in str(caught.value)
