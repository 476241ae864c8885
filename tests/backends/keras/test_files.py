"""Models from files, and what is refused."""

from __future__ import annotations

import zipfile

import keras
import numpy as np
import pytest
from keras import layers
from makers.explainers import exact

from streamcam import load_model
from streamcam.errors import ModelError, UnsafeModelError


@pytest.fixture
def transfer_model():
    """A transfer-learning model as the tutorials make it: preprocessing, a nested backbone, a new head."""
    keras.utils.set_random_seed(1)
    backbone = keras.applications.MobileNetV2(input_shape=(96, 96, 3), include_top=False, weights=None, alpha=0.35)
    inputs = keras.Input((96, 96, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    x = backbone(x, training=False)
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, layers.Dense(2, activation="softmax")(x))


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5:UserWarning")
def test_a_users_file_with_a_nested_backbone(ending, transfer_model, tmp_path, cat):
    path = tmp_path / f"mine{ending}"
    transfer_model.save(path)
    (tmp_path / "labels.txt").write_text("cat\ndog\n")
    classifier = load_model(path)
    assert classifier.labels == ("cat", "dog")
    assert classifier.preprocessing.name == "none"
    explain = exact(classifier, targets=("dog",), fit="stretch")
    explanation = explain(cat)
    assert explain.layer.endswith("/out_relu")
    assert explanation.heatmaps.shape == (1, 3, 3)
    small = __import__("cv2").resize(cat, (96, 96))
    fed = exact(classifier, fit="stretch")(small)
    np.testing.assert_allclose(fed.probabilities, transfer_model(small[None, ..., ::-1].astype("f4"))[0], atol=1e-5)


@pytest.fixture
def lambda_model(tmp_path):
    inputs = keras.Input((16, 16, 3))
    x = layers.Lambda(lambda t: t * 2)(layers.Conv2D(2, 3)(inputs))
    return keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5:UserWarning")
def test_a_lambda_layer_is_refused_unless_trusted(ending, lambda_model, tmp_path):
    path = tmp_path / f"l{ending}"
    lambda_model.save(path)
    with pytest.raises(UnsafeModelError, match=r"Lambda.*--trust-model"):
        load_model(path)
    assert len(load_model(path, trust=True).labels) == 2


def test_code_of_another_module_is_refused(tmp_path):
    keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(2)]).save(
        tmp_path / "m.keras"
    )
    with zipfile.ZipFile(tmp_path / "m.keras") as good, zipfile.ZipFile(tmp_path / "evil.keras", "w") as evil:
        for name in good.namelist():
            data = good.read(name)
            if name == "config.json":
                data = data.replace(
                    b'"module": "keras.layers", "class_name": "Conv2D"', b'"module": "os", "class_name": "system"'
                )
                assert b'"os"' in data
            evil.writestr(name, data)
    with pytest.raises(UnsafeModelError, match=r"os\.system"):
        load_model(tmp_path / "evil.keras")


def test_what_is_no_model_file_is_named(tmp_path):
    (tmp_path / "empty.keras").touch()
    (tmp_path / "text.h5").write_text("hello")
    (tmp_path / "folder.keras").mkdir()
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("readme.txt", "no model")
    keras.Sequential([keras.Input((4,)), layers.Dense(2)]).save_weights(tmp_path / "only.weights.h5")
    keras.Sequential([keras.Input((4,)), layers.Dense(2)]).save(tmp_path / "flat.keras")
    for name, reason in {
        "empty.keras": "empty",
        "text.h5": "not a Keras model",
        "folder.keras": "is a folder",
        "other.keras": "not a Keras model",
        "only.weights.h5": "weights without a model",
        "flat.keras": "takes input of shape",
        "missing.keras": "no such model file",
    }.items():
        with pytest.raises(ModelError, match=reason) as caught:
            load_model(tmp_path / name)
        assert name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_custom_layer_is_named(tmp_path):
    class Mine(layers.Layer):
        def call(self, x):
            return x

    keras.Sequential([keras.Input((8, 8, 3)), Mine(), layers.Conv2D(2, 3), layers.GlobalAveragePooling2D()]).save(
        tmp_path / "m.keras"
    )
    with pytest.raises(ModelError, match="Mine"):
        load_model(tmp_path / "m.keras")
