"""Files that Keras 2 wrote."""

from __future__ import annotations

import json
import shutil

import h5py
import numpy as np
import pytest
from makers.explainers import exact

from streamcam import load_model
from streamcam.backends.keras.files import load_model_file
from streamcam.backends.keras.keras2_operations import TFOpLambda


def as_old_keras(config):
    """A configuration as the Keras 2.4 behind Teachable Machine wrote it: no modules, and `groups` where it was allowed."""
    if isinstance(config, list):
        return [as_old_keras(item) for item in config]
    if not isinstance(config, dict):
        return config
    old = {k: as_old_keras(v) for k, v in config.items() if k not in ("module", "registered_name", "build_config")}
    if old.get("class_name") == "DepthwiseConv2D":
        old["config"]["groups"] = 1
    return old


@pytest.fixture(scope="session")
def teachable_machine(tmp_path_factory):
    """An export as Teachable Machine makes it, written by the Keras 2 that it uses."""
    import tf_keras

    folder = tmp_path_factory.mktemp("export")
    tf_keras.utils.set_random_seed(2)
    network = tf_keras.applications.MobileNetV2(input_shape=(224, 224, 3), include_top=False, weights=None, alpha=0.35)
    first = tf_keras.Sequential([network, tf_keras.layers.GlobalAveragePooling2D()], name="sequential_1")
    second = tf_keras.Sequential(
        [
            tf_keras.layers.Dense(100, activation="relu", input_shape=(1280,)),
            tf_keras.layers.Dense(3, activation="softmax", use_bias=False),
        ],
        name="sequential_3",
    )
    model = tf_keras.Sequential([first, second], name="sequential_4")
    model.build((None, 224, 224, 3))
    path = folder / "keras_model.h5"
    model.save(path, save_format="h5")
    old_path = folder / "old" / "keras_model.h5"
    old_path.parent.mkdir()
    shutil.copyfile(path, old_path)
    with h5py.File(old_path, "r+") as file:
        file.attrs["model_config"] = json.dumps(as_old_keras(json.loads(file.attrs["model_config"])))
    for place in (path, old_path):
        place.with_name("labels.txt").write_text("0 Hand\n1 Tasse\n2 虎\n", encoding="utf-8")
    return {"2.4": old_path, "2.15": path}, model


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("version", ["2.4", "2.15"])
def test_a_teachable_machine_export(version, teachable_machine, cat):
    paths, original = teachable_machine
    classifier = load_model(paths[version])
    assert classifier.labels == ("Hand", "Tasse", "虎")
    assert classifier.preprocessing.name == "tf"
    explain = exact(classifier, targets=("虎",), fit="stretch")
    picture = cat[:224, :224]
    explanation = explain(np.ascontiguousarray(picture))
    expected = original(picture[None, ..., ::-1].astype("f4") / 127.5 - 1).numpy()[0]
    np.testing.assert_allclose(explanation.probabilities, expected, atol=1e-5)
    assert explain.layer.endswith("out_relu")
    assert explanation.heatmaps.shape == (1, 7, 7)


@pytest.fixture(scope="session")
def transfer(tmp_path_factory):
    """A model in the way of the official guide to transfer learning: augmentation, a nested backbone, a head."""
    import tf_keras
    from tf_keras import layers

    folder = tmp_path_factory.mktemp("transfer")
    tf_keras.utils.set_random_seed(1)
    image = tf_keras.Input((32, 32, 3))
    augment = tf_keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.1)], name="augment")
    inside = tf_keras.Input((None, None, 3))
    x = layers.BatchNormalization()(layers.Conv2D(6, 3)(inside))
    backbone = tf_keras.Model(inside, layers.ReLU(6.0)(layers.DepthwiseConv2D(3)(x)), name="backbone")
    x = backbone(layers.Rescaling(1 / 255)(layers.RandomZoom(0.1)(augment(image))))
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    functional = tf_keras.Model(image, layers.Dense(3, activation="softmax")(x))
    sequential = tf_keras.Sequential([layers.InputLayer((32, 32, 3)), augment, layers.Conv2D(4, 3), layers.Flatten()])
    sequential.add(layers.Dense(3, activation="softmax"))
    x = layers.RandomHeight(0.1)(image[:, :, :, ::-1] / 127.5 - 1)
    x = layers.LeakyReLU(0.3)(layers.BatchNormalization(axis=[3])(layers.SeparableConv2D(4, 3, name="a/b")(x)))
    x = layers.Reshape((1, 4))(layers.GlobalAveragePooling2D(name="c/pool")(x * x + 0.1))
    x = layers.Flatten()(layers.MultiHeadAttention(2, 3)(x, x))
    arithmetic = tf_keras.Model(image, layers.Dense(3, activation="softmax")(x))
    picture = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    made = {"functional": functional, "sequential": sequential, "arithmetic": arithmetic}
    for name, model in made.items():
        model.save(folder / f"{name}.keras")
        model.save(folder / f"{name}.h5", save_format="h5")
    answers = {name: model(picture, training=False).numpy() for name, model in made.items()}
    return folder, picture, answers


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("name", ["functional", "sequential", "arithmetic"])
def test_models_with_augmentation_and_models_inside(transfer, name, ending):
    folder, picture, answers = transfer
    model = load_model_file(folder / f"{name}.{ending}")
    np.testing.assert_allclose(np.asarray(model(picture, training=False)), answers[name], atol=1e-6)


def test_a_function_of_tensorflow_that_does_more_than_compute_is_none():
    for name in (
        "io.read_file",
        "py_function",
        "numpy_function",
        "load_op_library",
        "math",
        "nn.__class__",
        "os.system",
    ):
        with pytest.raises(ValueError, match="unknown operation"):
            TFOpLambda(name)
