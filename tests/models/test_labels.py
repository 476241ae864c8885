"""Labels of ImageNet, and labels from files."""

from __future__ import annotations

import pytest
from makers import models

from streamcam import load_model
from streamcam.errors import ModelError
from streamcam.models.labels import imagenet_labels, read_labels


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


def test_labels_given_win_over_those_beside_the_model(tmp_path):
    models.flat().model.save(tmp_path / "m.keras")
    (tmp_path / "labels.txt").write_text("only one")
    (tmp_path / "good.txt").write_text("\n".join("abcdefg"))
    with pytest.raises(ModelError, match=r"labels\.txt: 1 labels for 7 classes"):
        load_model(tmp_path / "m.keras")
    assert load_model(tmp_path / "m.keras", labels=tmp_path / "good.txt").labels == tuple("abcdefg")
