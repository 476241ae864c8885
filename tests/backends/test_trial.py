"""Damaged and hostile model files: refused in one line, whatever they do to what reads them."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from makers.graphs import onnx_classifier
from makers.hostile import damaged

from streamcam import load_model
from streamcam.backends import trial
from streamcam.errors import ModelError, StreamcamError


@pytest.mark.parametrize("seed", [1, 81, 83])  # 81 crashed OpenVINO 2026.4
def test_a_damaged_file_is_loaded_or_refused(tmp_path, seed):
    whole = onnx_classifier(tmp_path / "whole.onnx", shape=("n", 3, "h", "w"), softmax=True)
    (path,) = damaged(whole, tmp_path, range(seed, seed + 1))
    try:
        said = load_model(path, cache=False).name
    except ModelError as error:
        said = str(error)
    assert path.name in said
    assert "\n" not in said


def test_a_small_file_that_asks_for_much_memory_is_refused(tmp_path):
    model = onnx.load(onnx_classifier(tmp_path / "tiny.onnx"))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([30_000, 30_000]), "size"))
    added = [("ConstantOfShape", "size", "zeros"), ("Exp", "zeros", "ones"), ("ReduceMax", "ones", "one")]
    nodes = [onnx.helper.make_node(kind, [given], [made], name=made) for kind, given, made in added]
    nodes += [onnx.helper.make_node("Add", ["image", "one"], ["sum"]), *model.graph.node]
    next(node for node in nodes if node.name == "conv1").input[0] = "sum"
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, tmp_path / "huge.onnx")
    with pytest.raises(ModelError, match=r"huge.onnx: has a tensor of shape \[30000,30000\]"):
        load_model(tmp_path / "huge.onnx", cache=False)


def test_what_ends_the_process_that_reads_is_no_end_of_this_one(tmp_path, monkeypatch):
    path = onnx_classifier(tmp_path / "tiny.onnx")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "sitecustomize.py").write_text("import os\nos.abort()")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "here"))
    with pytest.raises(StreamcamError, match=r"tiny.onnx: a damaged model, which crashes what reads it"):
        trial.try_out(path)
