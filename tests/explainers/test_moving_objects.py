"""Networks trained here on pictures whose class is one object at a random place: the evidence lies on the object."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers
from makers.graphs import onnx_classifier
from makers.moving import LABELS, SIDE, moving_objects, peak_is_on

from streamcam import GradCAM, load_model, wrap_model

PATCH, WIDTH = 6, 32


def transformer():
    """A vision transformer that reads the mean of its tokens."""
    count = (SIDE // PATCH) ** 2
    image = keras.Input((SIDE, SIDE, 3))
    x = layers.Conv2D(WIDTH, PATCH, PATCH)(layers.Rescaling(1 / 127.5, -1)(image))
    x = layers.Reshape((count, WIDTH))(x)
    x = layers.Add()([x, layers.Embedding(count, WIDTH)(np.arange(count)[None])])
    y = layers.LayerNormalization()(x)
    x = layers.Add()([x, layers.MultiHeadAttention(2, WIDTH // 2)(y, y)])
    y = layers.Dense(2 * WIDTH, activation="gelu")(layers.LayerNormalization()(x))
    x = layers.Add()([x, layers.Dense(WIDTH)(y)])
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    return keras.Model(image, layers.Dense(len(LABELS), activation="softmax")(x))


def convolutions():
    """The network that ``onnx_classifier`` writes."""
    image = keras.Input((SIDE, SIDE, 3))
    x = layers.Rescaling(1 / 127.5, -1)(image)
    x = layers.Conv2D(8, 3, 2, activation="relu", name="w1")(layers.ZeroPadding2D(1)(x))
    x = layers.Conv2D(12, 3, 2, activation="relu", use_bias=False, name="w2")(layers.ZeroPadding2D(1)(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(len(LABELS), activation="softmax", name="w3")(x))


def trained(model, epochs):
    """The model, which tells the three objects apart on pictures it has not seen."""
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", jit_compile=False)
    pictures, classes, _ = moving_objects(1500, seed=1)
    model.fit(pictures[..., ::-1], classes, batch_size=50, epochs=epochs, verbose=0)
    return model


def share_on_the_object(explain):
    """Of a hundred pictures that were not trained on; each is told right."""
    pictures, classes, places = moving_objects(100, seed=2)
    found = [explain(picture) for picture in pictures]
    assert np.mean([int(each.classes[0]) == index for each, index in zip(found, classes, strict=True)]) > 0.95
    return np.mean([peak_is_on(each.heatmaps[0], place) for each, place in zip(found, places, strict=True)])


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


def test_attention_of_a_vision_transformer_lies_on_the_object():
    """Its tokens are mixed by attention, so that Grad-CAM on them finds less: attention relevance undoes the mixing."""
    model = wrap_model(trained(transformer(), epochs=3), labels=LABELS)
    assert share_on_the_object(GradCAM(model, method="attention", precision="f32", cache=False)) > 0.9


@pytest.mark.parametrize("method", ["gradcam", "recipro-cam"])
def test_evidence_of_an_onnx_file_lies_on_the_object(method, tmp_path, onnx_file):
    model = load_model(onnx_file, preprocess="none", cache=False)
    assert model.labels == LABELS
    assert share_on_the_object(GradCAM(model, method=method, precision="f32", cache=False)) > 0.9


@pytest.fixture(scope="module")
def onnx_file(tmp_path_factory):
    keras.utils.set_random_seed(0)
    model = trained(convolutions(), epochs=12)
    (w1, b1), (w2,), (w3, b3) = (model.get_layer(name).get_weights() for name in ("w1", "w2", "w3"))
    folder = tmp_path_factory.mktemp("onnx")
    (folder / "labels.txt").write_text("\n".join(LABELS))
    return onnx_classifier(
        folder / "moving.onnx",
        shape=(1, 3, SIDE, SIDE),
        softmax=True,
        scaled=(("Div", 127.5), ("Sub", 1.0)),
        weights={"w1": w1.transpose(3, 2, 0, 1), "b1": b1, "w2": w2.transpose(3, 2, 0, 1), "w3": w3, "b3": b3},
    )
