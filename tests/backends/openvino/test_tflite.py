"""TensorFlow Lite files, read without TensorFlow."""

from __future__ import annotations

import zipfile

import flatbuffers
import numpy as np
import pytest
import tensorflow as tf
from makers import models

from streamcam.backends.openvino.engine import core
from streamcam.backends.openvino.files import describe_file, read_graph
from streamcam.backends.openvino.tflite_metadata import metadata_preprocessing

SIDE = models.SIDE


@pytest.fixture(scope="module")
def specimen():
    return models.flat()


@pytest.fixture(scope="module")
def files(specimen, tmp_path_factory):
    """The same network as floating point, and quantised throughout, with the numbers that it takes signed or not."""
    folder = tmp_path_factory.mktemp("tflite")
    saved = folder / "saved"
    specimen.model.export(saved, verbose=False)
    picture = np.random.default_rng(0)
    for name, kind in {"float": None, "int8": tf.int8, "uint8": tf.uint8}.items():
        converter = tf.lite.TFLiteConverter.from_saved_model(str(saved))
        if kind is not None:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: [
                [picture.uniform(-1, 1, (1, SIDE, SIDE, 3)).astype("f4")] for _ in range(8)
            ]
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = kind
        (folder / f"{name}.tflite").write_bytes(converter.convert())
    return folder


def description(path):
    return describe_file(read_graph(path), path)


def run(forward, pixels):
    model = forward.model.clone()
    model.reshape(list(pixels.shape))
    return list(core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(pixels).values())


@pytest.mark.parametrize(("name", "tolerance"), [("float", 1e-5), ("int8", 0.03), ("uint8", 0.03)])
def test_scores_maps_and_names_are_those_of_the_network(files, specimen, name, tolerance):
    graph = read_graph(files / f"{name}.tflite")
    forward = graph.forward
    last = forward.layers[-1]
    assert "conv_sum" in last.path
    assert (last.shape, last.layout, forward.layout) == ((12, 12, 12), "nchw", "nhwc")
    assert any("conv_a" in layer.path and layer.shape == (24, 24, 8) for layer in forward.layers)
    assert len({layer.path for layer in forward.layers}) == len(forward.layers)
    pixels = np.random.default_rng(1).uniform(-0.9, 0.9, (1, SIDE, SIDE, 3)).astype("f4")
    feature_map, _, probabilities = (np.asarray(part) for part in specimen.eager(pixels))
    found = run(forward, pixels)
    np.testing.assert_allclose(found[0], probabilities, atol=tolerance)
    np.testing.assert_allclose(found[-1].transpose(0, 2, 3, 1), feature_map, atol=tolerance * np.abs(feature_map).max())


@pytest.mark.parametrize("name", ["int8", "uint8"])
def test_a_quantised_input_takes_what_its_numbers_stand_for(files, name):
    graph = read_graph(files / f"{name}.tflite")
    assert graph.image.values == pytest.approx((-1, 1), abs=0.01)
    found = description(files / f"{name}.tflite")
    assert found.preprocessing.name == "tf"
    assert "its quantised input holds -1.0" in found.assumed[0]
    assert found.gives_probabilities


def with_metadata(mean: tuple[float, ...], std: tuple[float, ...]) -> bytes:
    """A model of nothing but metadata, laid out as ``metadata_schema.fbs`` has it."""
    inner = flatbuffers.Builder()

    def floats(values):
        inner.StartVector(4, len(values), 4)
        for value in reversed(values):
            inner.PrependFloat32(value)
        return inner.EndVector()

    def vector(builder, *tables):
        builder.StartVector(4, len(tables), 4)
        for table in reversed(tables):
            builder.PrependUOffsetTRelative(table)
        return builder.EndVector()

    def table(builder, fields):
        builder.StartObject(max(fields) + 1)
        for field, value in fields.items():
            builder.PrependUOffsetTRelativeSlot(field, value, 0)
        return builder.EndObject()

    options = table(inner, {0: floats(mean), 1: floats(std)})
    inner.StartObject(2)
    inner.PrependUint8Slot(0, 1, 0)
    inner.PrependUOffsetTRelativeSlot(1, options, 0)
    at = inner.EndObject()
    for field in (4, 2, 3):
        at = table(inner, {field: vector(inner, at)})
    inner.Finish(at)
    outer = flatbuffers.Builder()
    buffer = table(outer, {0: outer.CreateByteVector(bytes(inner.Output()))})
    entry = table(outer, {0: outer.CreateString("TFLITE_METADATA")})
    outer.Finish(table(outer, {4: vector(outer, buffer), 6: vector(outer, entry)}))
    return bytes(outer.Output())


@pytest.mark.parametrize(("mean", "std"), [((127.5,), (127.5,)), ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))])
def test_metadata_say_how_pixels_are_prepared(tmp_path, mean, std):
    path = tmp_path / "m.tflite"
    path.write_bytes(with_metadata(mean, std))
    found = metadata_preprocessing(path, 3)
    assert found
    assert (found.mean, found.std) == (mean * (3 // len(mean)), std * (3 // len(std)))
    assert (metadata_preprocessing(path, 1) is None) == (len(mean) == 3)
    path.write_bytes(path.read_bytes()[:100])
    assert metadata_preprocessing(path, 3) is None


def test_labels_are_found_where_they_are_packed_into_the_file(files, tmp_path):
    path = tmp_path / "labelled.tflite"
    path.write_bytes((files / "float.tflite").read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("readme.txt", "seven\nnames")
        archive.writestr("labels.txt", "\n".join("abcdefg"))
    assert description(path).labels == tuple("abcdefg")
    assert description(files / "float.tflite").labels is None
