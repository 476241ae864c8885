"""Models that compute with the channels first, which TensorFlow's own kernels cannot run without a GPU."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers
from makers.explainers import assert_same_map, exact, image

from streamcam import Cache, load_model, wrap_model
from streamcam.backends.keras.ends import image_input

HEIGHT, WIDTH = 24, 32


def build(order: str) -> keras.Model:
    first = order == "channels_first"
    keras.utils.set_random_seed(3)
    inputs = keras.Input((3, HEIGHT, WIDTH) if first else (HEIGHT, WIDTH, 3))
    x = layers.Conv2D(6, 3, strides=2, padding="same", data_format=order)(layers.Rescaling(1 / 255)(inputs))
    x = layers.MaxPooling2D(2, data_format=order, name="pool")(x)
    x = layers.ReLU(name="last")(layers.BatchNormalization(axis=1 if first else -1)(x))
    x = layers.GlobalAveragePooling2D(data_format=order)(x)
    return keras.Model(inputs, layers.Dense(4, activation="softmax")(x))


@pytest.fixture(scope="module")
def pair():
    """The same network with the channels first and last."""
    return build("channels_first"), build("channels_last")


@pytest.mark.parametrize("engine", ["openvino", "tensorflow"])
def test_maps_and_probabilities_are_those_of_the_network_with_the_channels_last(pair, engine):
    picture = image(2 * HEIGHT, HEIGHT)  # another shape than the one it was built for
    found, expected = (exact(wrap_model(model), engine=engine, cache=False) for model in pair)
    assert (found.classifier.layout, found.classifier.input_size) == ("nchw", (HEIGHT, WIDTH))
    explanation, reference = found(picture), expected(picture)
    assert found.layer == "last"
    assert_same_map(explanation.heatmaps, reference.heatmaps)
    np.testing.assert_allclose(explanation.probabilities, reference.probabilities, atol=1e-6)


def test_the_conversion_is_proved_against_tensorflow(pair, tmp_path):
    pair[0].save(tmp_path / "first.keras")
    cache = Cache(tmp_path / "cache")
    explain = exact(load_model(tmp_path / "first.keras", cache=cache), cache=cache)
    explain(image(HEIGHT, WIDTH))
    assert explain.engine == "openvino"
    [proof] = [entry.facts["proof"] for entry in cache.entries() if "proof" in entry.facts]
    assert max(proof.values()) < 1e-4


def test_layers_are_listed_with_height_and_width_first(pair):
    classifier = wrap_model(pair[0])
    shapes = {layer.path: layer.shape for layer in classifier.network.layers(classifier)}
    assert shapes["pool"] == (HEIGHT // 4, WIDTH // 4, 6)
    pixels = np.random.default_rng(0).uniform(0, 255, (HEIGHT, WIDTH, 3)).astype(np.float32)
    answers = [c.network.answering(c)(pixels) for c in (classifier, wrap_model(pair[1]))]
    np.testing.assert_allclose(*answers, atol=1e-6)


def test_an_input_of_any_size_may_have_the_channels_first():
    inputs = keras.Input((3, None, None))
    found = image_input(keras.Model(inputs, layers.GlobalAveragePooling2D(data_format="channels_first")(inputs)), "m")
    assert (found.shape, found.layout) == ((224, 224, 3), "nchw")
