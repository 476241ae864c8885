"""Model files are told by their content, and none of them reaches outside of itself."""

from __future__ import annotations

import io
import json
import pickle
import shutil
import zipfile

import h5py
import numpy as np
import pytest
from makers import models
from makers.damage import load_damaged

from streamcam.backends.keras.container import container_of, read_config
from streamcam.backends.keras.files import load_model_file
from streamcam.errors import ModelError, UnsafeModelError


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A small model under both endings, and what it says of a picture."""
    folder = tmp_path_factory.mktemp("files")
    model = models.flat().model
    for ending in ("keras", "h5"):
        model.save(folder / f"m.{ending}")
    picture = np.random.default_rng(0).uniform(size=(1, 48, 48, 3)).astype(np.float32)
    return folder, picture, np.asarray(model(picture))


@pytest.mark.parametrize(("content", "name"), [("h5", "a.keras"), ("keras", "a.h5"), ("keras", "a.model"), ("h5", "a")])
def test_a_file_is_what_it_holds_whatever_it_is_called(files, tmp_path, content, name):
    folder, picture, expected = files
    shutil.copyfile(folder / f"m.{content}", tmp_path / name)
    np.testing.assert_array_equal(np.asarray(load_model_file(tmp_path / name)(picture)), expected)


def zipped(members):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return held.getvalue()


def weights(tmp_path):
    models.flat().model.save_weights(tmp_path / "only.weights.h5")
    return (tmp_path / "only.weights.h5").read_bytes()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n", "git lfs pull"),
        (b"", "empty"),
        (pickle.dumps({"a": 1}, protocol=2), "PyTorch.*ONNX"),
        (zipped({"archive/data.pkl": b"x", "archive/version": b"3"}), "PyTorch.*ONNX"),
        ((20).to_bytes(8, "little") + b'{"w":{"dtype":"F32"}}', "safetensors.*ONNX"),
        (b"just some text", "not a Keras model"),
        (zipped({"readme.txt": b"hello"}), "not a Keras model"),
        (zipped({"model.weights.h5": b"x"}), "weights without a model.*--weights"),
        (zipped({"config.json": b"[" * 100_000}), "nested too deeply|not a readable"),
        (zipped({"config.json": b'{"a":' * 300 + b"1" + b"}" * 300}), "nested too deeply"),
        (zipped({"config.json": b"[1, 2]"}), "no model's"),
        (
            zipped({"config.json": b'{"class_name": "Dense", "config": {"units": 1000000000}}'}),
            "far more than it holds",
        ),
        (zipped({"config.json": b" " * 20_000_000}), "unpack to 20 MB"),
    ],
)
def test_what_is_no_model_is_named_with_the_way_out(tmp_path, content, said):
    path = tmp_path / "model.keras"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=said):
        load_model_file(path)


def test_weights_alone_are_named(tmp_path):
    (tmp_path / "m.h5").write_bytes(weights(tmp_path))
    with pytest.raises(ModelError, match="weights without a model"):
        load_model_file(tmp_path / "m.h5")


def test_nothing_outside_of_a_file_is_read(files, tmp_path):
    folder, _, _ = files
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["x"] = np.ones(3)
    for number, link in enumerate((h5py.ExternalLink(str(secret), "/x"), None)):
        path = tmp_path / f"{number}.h5"
        shutil.copyfile(folder / "m.h5", path)
        with h5py.File(path, "r+") as file:
            if link:
                file["model_weights/stolen"] = link
            else:
                file.create_dataset("model_weights/stolen", (3,), "f8", external=[(str(secret), 0, 24)])
        with pytest.raises(UnsafeModelError, match="another file"):
            load_model_file(path)


def test_an_archive_that_unpacks_to_far_more_is_refused(tmp_path):
    path = tmp_path / "bomb.keras"
    path.write_bytes(zipped({"config.json": b"{}", **{f"{i}": bytes(20_000_000) for i in range(4)}}))
    with pytest.raises(UnsafeModelError, match="unpack"):
        read_config(path, container_of(path))
    path.write_bytes(zipped({"../config.json": b"{}", "config.json": b"{}"}))
    with pytest.raises(UnsafeModelError, match="outside"):
        read_config(path, container_of(path))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_damaged_files_are_loaded_or_refused(files, tmp_path, ending):
    folder, _, _ = files
    refused = load_damaged(folder / f"m.{ending}", 10, tmp_path)
    assert 2 <= refused <= 10


def test_the_description_is_read_without_keras(files):
    folder, _, _ = files
    for ending in ("keras", "h5"):
        path = folder / f"m.{ending}"
        assert read_config(path, container_of(path))["class_name"] == "Functional"
    assert json.loads(json.dumps(read_config(folder / "m.keras", "keras-zip")))


def test_a_heap_that_has_no_end_is_refused(files, tmp_path):
    folder, _, _ = files
    data = (folder / "m.h5").read_bytes()
    heap = data.index(b"GCOL") + 16
    (tmp_path / "m.h5").write_bytes(data[:heap] + bytes(64) + data[heap + 64 :])
    with pytest.raises(ModelError, match="no size"):
        load_model_file(tmp_path / "m.h5")
