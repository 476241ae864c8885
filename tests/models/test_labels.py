"""Labels of ImageNet, and labels from files."""

from __future__ import annotations

import json
import shutil

import pytest
from makers import models

from streamcam import load_model
from streamcam.errors import ModelError, StreamcamWarning
from streamcam.models.label_files import read_labels
from streamcam.models.labels import imagenet_labels


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
        ("a.txt", "tench, Tinca tinca\nshark\n", ("tench, Tinca tinca", "shark")),
        ("a.txt", '["cat", "dog"]', ("cat", "dog")),
        ("a.json", '["cat", "dog"]', ("cat", "dog")),
        ("a.json", '{"1": "dog", "0": "cat"}', ("cat", "dog")),
        ("a.json", '{"dog": 1, "cat": 0}', ("cat", "dog")),
        ("a.json", '{"tmVersion": "2.4", "labels": ["cat", "dog"]}', ("cat", "dog")),
        ("a.json", '{"0": ["n02124075", "cat"], "1": ["n02084071", "dog"]}', ("cat", "dog")),
    ],
)
def test_label_files(tmp_path, name, text, expected):
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    assert read_labels(tmp_path / name) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_labels_in_the_encodings_that_editors_write(tmp_path, encoding):
    for name, text in (("a.txt", "Käse\nÖse\n"), ("a.json", '["Käse", "Öse"]')):
        (tmp_path / name).write_bytes(text.encode(encoding))
        assert read_labels(tmp_path / name) == ("Käse", "Öse")


def test_bad_label_files_are_named_as_what_they_are(tmp_path, bundled):
    (tmp_path / "two.txt").write_text("a\nb\n")
    with pytest.raises(ModelError, match="2 labels for 1000 classes"):
        load_model(labels=tmp_path / "two.txt")
    for name, data, reason in [
        ("empty.txt", b"\n", "no labels in it"),
        ("bad.json", b'{"a": 1}', "not a list of labels"),
        ("deep.json", b'[{"a": 1}]', "not a list of labels"),
        ("picture.txt", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "a binary file"),
        ("data.yaml", b"names: [cat, dog]\n", "is YAML"),
        ("data.txt", b"names:\n  - cat\n  - dog\n", "is YAML"),
        ("data.csv", b"cat,0\ndog,1\n", "is a table"),
        ("table.txt", b"index,label\n0,cat\n1,dog\n", "is a table"),
        ("missing.txt", None, "cannot be read"),
    ]:
        if data is not None:
            (tmp_path / name).write_bytes(data)
        with pytest.raises(ModelError, match=rf"{name}: .*{reason}.*give a "):
            read_labels(tmp_path / name)


@pytest.fixture(scope="module")
def seven(tmp_path_factory):
    """The file of a model with seven classes, which leaves nothing to guess."""
    path = tmp_path_factory.mktemp("seven") / "m.keras"
    models.flat(rescales=True).model.save(path)
    return path


def test_labels_beside_the_model_are_found_the_nearest_first(tmp_path, seven):
    shutil.copy(seven, tmp_path)
    names = [f"name {i}" for i in range(7)]
    for name, of in (
        ("metadata.json", lambda named: {"labels": named}),
        ("class_indices.json", lambda named: {n: i for i, n in enumerate(named)}),
        ("labels.json", lambda named: named),
    ):
        (tmp_path / name).write_text(json.dumps(of([f"{n} of {name}" for n in names])))
        assert load_model(tmp_path / "m.keras").labels[6] == f"name 6 of {name}"
    for name in ("classes.txt", "class_names.txt", "labels.txt", "m.labels.txt"):
        (tmp_path / name).write_text("\n".join(f"{n} of {name}" for n in names))
        assert load_model(tmp_path / "m.keras").labels[6] == f"name 6 of {name}"


def test_labels_beside_the_model_that_do_not_fit_are_said_and_left_out(tmp_path, seven):
    shutil.copy(seven, tmp_path)
    (tmp_path / "metadata.json").write_text('{"version": 3}')  # of another program
    assert load_model(tmp_path / "m.keras").labels[0] == "class 0"
    (tmp_path / "labels.txt").write_text("only one")
    with pytest.warns(StreamcamWarning, match=r"labels\.txt: 1 labels for 7 classes.*left out"):
        assert load_model(tmp_path / "m.keras").labels[0] == "class 0"
    (tmp_path / "good.txt").write_text("\n".join("abcdefg"))
    assert load_model(tmp_path / "m.keras", labels=tmp_path / "good.txt").labels == tuple("abcdefg")
    with pytest.raises(ModelError, match=r"labels\.txt: 1 labels for 7 classes"):
        load_model(tmp_path / "m.keras", labels=tmp_path / "labels.txt")


def test_the_index_of_imagenet_that_keras_fetches_gives_names(tmp_path):
    """``imagenet_class_index.json``: the number of each class, its wordnet id and its name."""
    path = tmp_path / "imagenet_class_index.json"
    names = ["tench", "goldfish", "great_white_shark"]
    path.write_text(json.dumps({str(n): [f"n0{n}", name] for n, name in enumerate(names)}))
    assert read_labels(path) == tuple(names)
