"""ONNX files and OpenVINO's own, read without TensorFlow."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import onnx
import pytest
from makers.explainers import exact
from makers.graphs import CLASSES, SIDE, onnx_classifier, onnx_transformer
from onnx import TensorProto
from onnx.reference import ReferenceEvaluator

from streamcam import load_model
from streamcam.backends.openvino.engine import core
from streamcam.backends.openvino.files import describe_file, read_graph
from streamcam.errors import LayerError, ModelError, StreamcamWarning, UnsafeModelError
from streamcam.system.cache import Cache
from streamcam.system.libraries import load_openvino


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tiny.onnx"


def description(path, output=None):
    return describe_file(read_graph(path, output), path)


def run(forward, pixels):
    compiled = core().compile_model(forward.model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return list(compiled(pixels).values())


def test_scores_and_maps_are_those_of_the_onnx_reference(path):
    onnx_classifier(path, softmax=True, shape=("n", 3, "h", "w"), outputs=("scores", "map"))
    forward = read_graph(path, "scores").forward
    assert [layer.path for layer in forward.layers] == ["conv1", "relu1", "conv2", "map"]
    assert forward.layers[-1].shape == (56, 56, 12)
    pixels = np.random.default_rng(0).normal(size=(1, 3, 40, 56)).astype("f4")
    scores, feature_map = ReferenceEvaluator(str(path)).run(None, {"image": pixels})
    found = run(forward, pixels)
    assert len(found) == 1 + len(forward.layers)
    np.testing.assert_allclose(found[0], scores, atol=1e-5)
    np.testing.assert_allclose(found[-1], feature_map, atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "kind", "layout", "channels"),
    [
        ((1, 3, SIDE, SIDE), TensorProto.FLOAT, "nchw", 3),
        (("n", SIDE, SIDE, 3), TensorProto.FLOAT, "nhwc", 3),
        ((4, 1, SIDE, SIDE), TensorProto.FLOAT, "nchw", 1),
        (("n", SIDE, SIDE), TensorProto.FLOAT, "nhw", 1),
        ((1, SIDE, SIDE, 3), TensorProto.UINT8, "nhwc", 3),
        ((1, 3, SIDE, SIDE), TensorProto.FLOAT16, "nchw", 3),
        ((1, 3, SIDE, SIDE), TensorProto.INT8, "nchw", 3),
    ],
)
def test_inputs_of_every_kind(path, shape, kind, layout, channels):
    onnx_classifier(path, shape=shape, kind=kind)
    graph = read_graph(path)
    assert (graph.forward.layout, graph.image.size, graph.image.channels) == (layout, (SIDE, SIDE), channels)
    assert graph.forward.model.inputs[0].get_partial_shape()[0] == 1
    found = description(path)
    assert (found.classes, found.stride, found.gives_probabilities) == (CLASSES, 4, False)
    assert (found.preprocessing.order == "gray") == (channels == 1)


@pytest.mark.parametrize(
    ("scaled", "kind", "name", "is_guess"),
    [
        ((), TensorProto.FLOAT, "torch", True),
        ((), TensorProto.UINT8, "none", False),
        ((("Div", 255.0),), TensorProto.FLOAT, "none", False),
        ((("Sub", 127.5), ("Mul", 1 / 127.5)), TensorProto.FLOAT, "none", False),
        ((("Sub", 0.45), ("Div", 0.225)), TensorProto.FLOAT, "unit", True),
        (
            (("Mul", 0.45), ("Add", -0.03)),
            TensorProto.FLOAT,
            "torch",
            True,
        ),  # torchvision's Inception: from one to another
    ],
)
def test_how_pixels_are_prepared_is_seen_in_the_graph_or_guessed_and_said(path, scaled, kind, name, is_guess):
    found = description(onnx_classifier(path, scaled=scaled, kind=kind))
    assert found.preprocessing.name == name
    assert [line.split(":")[0] for line in found.assumed] == [
        *["preprocessing guessed"] * is_guess,
        "scores read as logits",
    ]


def test_a_free_size_is_224_and_that_is_said(path):
    found = description(onnx_classifier(path, shape=(1, 3, "h", "w")))
    assert found.input_size == (224, 224)
    assert "input size: 224x224" in found.assumed[1]


@pytest.mark.parametrize("softmax", [True, False])
def test_probabilities_are_told_from_logits(path, softmax):
    found = description(onnx_classifier(path, softmax=softmax))
    assert found.gives_probabilities == softmax
    assert ("scores read as logits: softmax applied" in found.assumed) != softmax


def test_one_output_of_several(path):
    onnx_classifier(path, outputs=("map", "index", "scores"))
    assert description(path).classes == CLASSES  # the only one with one number a class
    onnx_classifier(path, outputs=("scores", "twice", "features"))
    with pytest.raises(ModelError, match=r"3 outputs.*scores \[1,5\], twice \[1,5\], features \[1,12\].*choose one"):
        read_graph(path)
    assert description(path, "features").classes == 12
    assert description(path, 1).classes == CLASSES
    with pytest.raises(ModelError, match="no output nothing; it has scores"):
        read_graph(path, "nothing")
    with pytest.raises(ModelError, match=r"gives map \[1,12,8,8\]"):
        read_graph(onnx_classifier(path, outputs=("map",)))


def test_what_is_no_image_classifier_is_refused(path, tmp_path):
    model = onnx.load(onnx_classifier(path))
    model.graph.input.append(onnx.helper.make_tensor_value_info("mask", TensorProto.FLOAT, (1, 7)))
    onnx.save(model, tmp_path / "two.onnx")
    with pytest.raises(ModelError, match=r"two.onnx: takes 2 inputs \(image \[1,3,32,32\], mask \[1,7\]\)"):
        read_graph(tmp_path / "two.onnx")
    del model.graph.input[0], model.graph.node[:]
    model.graph.node.append(onnx.helper.make_node("Softmax", ["mask"], ["scores"]))
    onnx.save(model, tmp_path / "table.onnx")
    with pytest.raises(ModelError, match=r"table.onnx: takes input of shape mask \[1,7\]"):
        read_graph(tmp_path / "table.onnx")
    model.graph.input[0].CopyFrom(onnx.helper.make_tensor_value_info("mask", TensorProto.FLOAT, (1, 3, 1, 1)))
    onnx.save(model, tmp_path / "point.onnx")
    with pytest.raises(LayerError, match=r"point.onnx: no operation has a spatial map"):
        read_graph(tmp_path / "point.onnx")


def test_a_transformers_last_layer_still_has_the_patches_in_it(path):
    layers = read_graph(onnx_transformer(path)).forward.layers
    assert (layers[0].path, layers[0].layout) == ("patches", "nchw")
    assert (layers[-1].path, layers[-1].layout, layers[-1].shape) == ("norm1", "tokens", (4, 4, 16))
    assert all(layer.shape[:2] == (4, 4) for layer in layers)


def test_a_network_of_fixed_size_stays_so(path):
    model = onnx.load(onnx_classifier(path))
    pool = next(node for node in model.graph.node if node.name == "pool")
    pool.CopyFrom(
        onnx.helper.make_node("AveragePool", ["map"], ["pool"], name="pool", kernel_shape=[4, 4], strides=[4, 4])
    )
    head = next(tensor for tensor in model.graph.initializer if tensor.name == "w3")
    head.CopyFrom(onnx.numpy_helper.from_array(np.ones((48, CLASSES), "f4"), "w3"))
    onnx.save(model, path)
    assert list(read_graph(path).forward.model.inputs[0].get_partial_shape().to_shape()) == [1, 3, SIDE, SIDE]
    explain = exact(load_model(path, cache=False), cache=False)
    with pytest.warns(StreamcamWarning, match=rf"^{path.name}: takes only {SIDE}x{SIDE}: stretched to that") as said:
        explain(np.zeros((SIDE, 2 * SIDE, 3), np.uint8))
    assert (len(said), explain.trace_count) == (1, 1)


def test_weights_in_a_file_of_their_own(path):
    found = description(onnx_classifier(path, external="w.bin"))
    assert found.classes == CLASSES
    (path.parent / "w.bin").unlink()
    with pytest.raises(ModelError, match=r"its weights are in w.bin, which is not there"):
        read_graph(path)


@pytest.mark.parametrize(
    "place", ["../w.bin", "/etc/hostname", "C:\\w.bin", "a/../../w.bin", "link.bin", "\\\\host\\w.bin"]
)
def test_weights_outside_of_the_models_folder_are_not_read(tmp_path, place):
    (tmp_path / "model").mkdir()
    path = onnx_classifier(tmp_path / "model" / "tiny.onnx", external=place)
    (tmp_path / "w.bin").write_bytes((tmp_path / "model" / "w.bin").read_bytes())
    (tmp_path / "model" / "link.bin").symlink_to(tmp_path / "w.bin")
    with pytest.raises(UnsafeModelError, match="folder"):
        read_graph(path)


def test_openvinos_own_files(path):
    load_openvino().save_model(core().read_model(onnx_classifier(path, softmax=True)), path.with_suffix(".xml"))
    ours, theirs = read_graph(path.with_suffix(".xml")).forward, read_graph(path).forward
    assert ours.layers == theirs.layers
    pixels = np.random.default_rng(0).normal(size=(1, 3, SIDE, SIDE)).astype("f4")
    np.testing.assert_allclose(run(ours, pixels)[0], run(theirs, pixels)[0], atol=1e-2)  # its weights are in f16
    path.with_suffix(".bin").unlink()
    with pytest.raises(ModelError, match=r"its weights are in tiny.bin, which is not there"):
        read_graph(path.with_suffix(".xml"))


def test_tensorflow_is_not_loaded(path):
    onnx_classifier(path)
    program = f"import sys, streamcam; streamcam.load_model({str(path)!r}, cache=False).network.build(); print('tensorflow' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "False\n"
    )


def test_a_path_becomes_a_classifier_and_what_was_found_is_kept(path, tmp_path):
    onnx_classifier(path, softmax=True, outputs=("scores", "features"))
    (tmp_path / "labels.txt").write_text("\n".join("abcde"))
    cache = Cache(tmp_path / "cache")
    first = load_model(path, output="scores", cache=cache)
    assert first.labels == tuple("abcde")
    assert first.gives_probabilities
    assert first.fingerprint
    assert [entry.facts["model"] for entry in cache.entries()] == ["tiny.onnx"]
    second = load_model(path, output="scores", cache=cache)
    assert (second.preprocessing, second.input_size, second.stride) == (first.preprocessing, (SIDE, SIDE), 4)


@pytest.mark.parametrize("ending", [".pb", ".keras", ".bin", ""])
def test_a_file_of_another_name_is_read_for_what_it_is(path, ending):
    onnx_classifier(path, softmax=True)
    other = path.rename(path.with_suffix(ending))
    assert len(load_model(other, cache=False).labels) == CLASSES


def test_what_is_not_the_model_itself_is_named_whatever_its_ending(path):
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n")
    with pytest.raises(ModelError, match="git lfs pull"):
        load_model(path, cache=False)
