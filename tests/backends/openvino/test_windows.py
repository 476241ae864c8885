"""Wide pictures: the answer is that of the best window."""

from __future__ import annotations

import numpy as np
import pytest
from makers import models
from makers.explainers import RAW, as_input, exact, image

from streamcam import wrap_model
from streamcam.backends.weights.bundled import bundled_arrays


def softmax(rows):
    raised = np.exp(rows - rows.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def head_model(pool, *, dense=True):
    """Two strided convolutions, a pool over all places, and a head."""
    import keras

    inputs = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(8, 3, 4, "same", activation="relu", name="first")(inputs / 255)
    x = keras.layers.Conv2D(12, 3, 2, "same", activation="relu", name="last")(x)
    pooled = pool(x)
    hidden = keras.layers.Dense(16, activation="relu")(pooled) if dense else pooled
    model = keras.Model(inputs, keras.layers.Dense(5, activation="softmax")(hidden))
    keras.utils.set_random_seed(8)
    for layer in model.layers:
        layer.set_weights([4 * np.random.default_rng(3).normal(0, 0.2, w.shape) for w in layer.get_weights()])
    return keras.Model(inputs, model.get_layer("last").output), model


def by_hand(features, head, side):
    """Probabilities of each square window of ``(h, w, c)`` features, and the surest of them."""
    height, width, _ = features.shape
    rows = np.array([
        head(features[y : y + side, x : x + side])
        for y in range(height - side + 1)
        for x in range(width - side + 1)
    ])  # fmt: skip
    return rows[rows.max(axis=1).argmax()], rows


@pytest.mark.parametrize("size", [(224, 416), (416, 224), (224, 896)])
def test_the_bundled_model_answers_of_its_best_window(bundled, size):
    explain = exact(bundled, fit="native")
    picture = image(*size, seed=1)
    picture[:200, :200] //= 4
    arrays = bundled_arrays()
    from streamcam.backends.openvino.efficientnet_lite import lite_forward
    from streamcam.backends.openvino.engine import core
    from streamcam.backends.weights.lite import LITES
    from streamcam.system.libraries import load_openvino

    forward = lite_forward(LITES["efficientnet-lite0"])
    place = [layer.path for layer in forward.layers].index("top_activation")
    taps = load_openvino().Model([forward.model.get_results()[1 + place]], forward.model.get_parameters(), "features")
    features = core().compile_model(taps, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(
        [(as_input(picture) - 127) / 128]
    )[0][0]

    def head(part):
        return softmax(part.mean(axis=(0, 1)) @ arrays["predictions/kernel"] + arrays["predictions/bias"])

    expected, rows = by_hand(features.transpose(1, 2, 0), head, 7)
    found = explain(picture)
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-5)
    assert not np.allclose(rows.mean(axis=0), expected, atol=1e-4)
    assert found.classes[0] == expected.argmax()
    assert found.heatmaps.shape[1:] == (size[0] // 32, size[1] // 32)  # the heat is of the whole picture


@pytest.mark.parametrize("kind", ["mean", "max", "both"])
def test_any_head_that_pools_has_windows(kind):
    import keras

    mean, largest = keras.layers.GlobalAveragePooling2D(), keras.layers.GlobalMaxPooling2D()
    pool = {
        "mean": mean,
        "max": largest,
        "both": lambda x: keras.layers.Concatenate()([mean(x), largest(x)]),
    }[kind]
    body, model = head_model(pool)
    classifier = wrap_model(model, preprocessing=RAW, input_size=(64, 64))
    picture = image(64, 128, seed=2)
    picture[:, :64] //= 8
    features = body(as_input(picture)).numpy()[0]

    behind = keras.Model(model.get_layer("last").output, model.output)
    expected, _ = by_hand(features, lambda part: behind(part[None]).numpy()[0], 8)
    found = exact(classifier, fit="native")(picture)
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-5)


def test_a_picture_of_the_models_own_shape_has_one_window():
    classifier = wrap_model(models.flat().model, preprocessing=RAW)
    explain = exact(classifier)
    picture = image()
    expected = np.asarray(classifier.network.answering(classifier)(as_input(picture)[0]))
    np.testing.assert_allclose(explain(picture).probabilities, expected, atol=1e-5)


def test_where_there_are_no_windows_a_wide_picture_is_as_sure_nevertheless():
    """TensorFlow has none: its answer is of the whole map, and is made sharper."""
    import keras

    _, model = head_model(keras.layers.GlobalAveragePooling2D())
    classifier = wrap_model(model, preprocessing=RAW, input_size=(64, 64))
    picture = image(64, 128, seed=2)
    said = model(as_input(picture)).numpy()[0]
    found = exact(classifier, fit="native", engine="tensorflow")(picture)
    powers = said ** (2**0.8)
    np.testing.assert_allclose(found.probabilities, powers / powers.sum(), atol=1e-4)
