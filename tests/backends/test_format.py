"""The format of a model file is told by its content."""

from __future__ import annotations

import pickle
import zipfile

import pytest

from streamcam.backends.format import format_of


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A file of each format, written by the library that it belongs to, all without a telling name."""
    import keras
    import openvino as ov
    import tensorflow as tf
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    folder = tmp_path_factory.mktemp("formats")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.save(folder / "m.keras")
    (folder / "m.keras").rename(folder / "keras-zip")
    model.save_weights(folder / "w.weights.h5")
    (folder / "w.weights.h5").rename(folder / "hdf5")
    function = tf.function(lambda x: 2.0 * x).get_concrete_function(tf.TensorSpec((1, 4)))
    (folder / "tflite").write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([function]).convert())
    graph = function.graph.as_graph_def()
    (folder / "frozen-graph").write_bytes(graph.SerializeToString())
    saved = SavedModel(saved_model_schema_version=1)
    saved.meta_graphs.add().graph_def.CopyFrom(graph)
    (folder / "savedmodel").mkdir()
    (folder / "savedmodel" / "saved_model.pb").write_bytes(saved.SerializeToString())
    parameter = ov.opset13.parameter([1, 4])
    ov.save_model(ov.Model([ov.opset13.relu(parameter)], [parameter]), folder / "m.xml")
    (folder / "m.xml").rename(folder / "openvino")
    return folder


@pytest.mark.parametrize("form", ["keras-zip", "hdf5", "tflite", "frozen-graph", "savedmodel", "openvino"])
def test_what_libraries_write(written, form):
    assert format_of(written / form) == form


def test_the_graph_of_a_saved_model_alone(written):
    assert format_of(written / "savedmodel" / "saved_model.pb") == "savedmodel"


def torch_archive() -> bytes:
    import io

    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("model/data.pkl", b"")
    return held.getvalue()


@pytest.mark.parametrize(
    ("content", "form"),
    [
        # ModelProto of onnx.proto: ir_version 9, producer "me", a graph, opset_import
        (b"\x08\x09\x12\x02me\x3a\x03\x0a\x01x\x42\x02\x10\x11", "onnx"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n", "lfs"),
        (pickle.dumps({"a": 1}, protocol=2), "torch"),
        (torch_archive(), "torch"),
        ((20).to_bytes(8, "little") + b'{"w":{"dtype":"F32"}}', "safetensors"),
        (bytes(512) + b"\x89HDF\r\n\x1a\n", "hdf5"),
        (b"PK\x03\x04 cut off", "keras-zip"),
        (b"", "unknown"),
        (b"just some text", "unknown"),
        (b"<?xml version='1.0'?><html>", "unknown"),
        (b"\xff" * 100, "unknown"),
    ],
)
def test_what_begins_so(tmp_path, content, form):
    path = tmp_path / "model.keras"
    path.write_bytes(content)
    assert format_of(path) == form


def test_a_folder_of_something_else(tmp_path):
    assert format_of(tmp_path) == "unknown"
