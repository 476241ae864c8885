"""SavedModel folders and frozen graphs: read as data, and refused where they would do more than compute."""

from __future__ import annotations

import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from makers import models

from streamcam import load_model
from streamcam.backends.openvino.engine import core
from streamcam.backends.openvino.graph import describe
from streamcam.backends.openvino.walk import constant_of
from streamcam.backends.savedmodel.graph import read_graph
from streamcam.backends.savedmodel.prove import prove
from streamcam.errors import ModelError, UnsafeModelError

SIDE = models.SIDE


@pytest.fixture(scope="module")
def specimen():
    return models.flat()


@pytest.fixture(scope="module")
def folder(specimen, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "tiny"
    specimen.model.export(path, verbose=False)
    return path


@pytest.fixture(scope="module")
def keras2(tmp_path_factory):
    """A folder as Keras 2 wrote it, and the network in it."""
    import tf_keras

    tf_keras.utils.set_random_seed(1)
    layers = tf_keras.layers
    inputs = tf_keras.Input((None, None, 3))
    x = layers.BatchNormalization(name="normal")(layers.Conv2D(8, 3, strides=2, padding="same", name="first")(inputs))
    x = layers.GlobalAveragePooling2D()(layers.ReLU(name="out_relu")(x))
    model = tf_keras.Model(inputs, layers.Dense(5)(x))
    model.get_layer("normal").set_weights([np.linspace(1, 2, 8)] * 4)
    path = tmp_path_factory.mktemp("keras2") / "old"
    model.save(path, save_traces=True)
    return path, model


def run(forward, pixels):
    model = forward.model.clone()
    model.reshape(list(pixels.shape))
    return list(core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(pixels).values())


def test_scores_maps_and_names_are_those_of_the_network(folder, specimen):
    graph = read_graph(folder)
    forward, last = graph.forward, graph.forward.layers[-1]
    assert last.path.startswith("functional")
    assert "conv_sum" in last.path
    assert (last.shape, last.layout, forward.layout) == ((12, 12, 12), "nchw", "nhwc")
    turned = [node.input_value(0) for node in forward.model.get_ops() if node.get_type_name() == "Transpose"]
    assert (
        sum(constant_of(value) is None for value in turned) <= 2
    )  # the image, and the pooled row, for which it is nothing
    pixels = np.random.default_rng(0).uniform(0, 1, (1, SIDE, SIDE, 3)).astype("f4")
    feature_map, _, probabilities = (np.asarray(part) for part in specimen.eager(pixels))
    found = run(forward, pixels)
    np.testing.assert_allclose(found[0], probabilities, atol=1e-5)
    np.testing.assert_allclose(found[-1].transpose(0, 2, 3, 1), feature_map, atol=1e-4)
    described = describe(graph)
    assert (described.classes, described.input_size, described.gives_probabilities) == (7, (SIDE, SIDE), True)


def test_a_folder_of_keras_2(keras2):
    path, model = keras2
    graph = read_graph(path)
    assert "out_relu" in graph.forward.layers[-1].path
    pixels = np.random.default_rng(0).uniform(0, 1, (1, 32, 40, 3)).astype("f4")
    np.testing.assert_allclose(run(graph.forward, pixels)[0], model(pixels), atol=1e-4)
    described = describe(graph)
    assert not described.gives_probabilities
    assert any("input size: 224x224" in line for line in described.assumed)


def test_a_frozen_graph(specimen, tmp_path):
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    signature = tf.TensorSpec((1, SIDE, SIDE, 3), tf.float32, "image")
    function = tf.function(lambda x: specimen.model(x, training=False)).get_concrete_function(signature)
    frozen = convert_variables_to_constants_v2(function)
    (tmp_path / "frozen.pb").write_bytes(frozen.graph.as_graph_def().SerializeToString())
    graph = read_graph(tmp_path / "frozen.pb")
    pixels = np.random.default_rng(0).uniform(0, 1, (1, SIDE, SIDE, 3)).astype("f4")
    np.testing.assert_allclose(run(graph.forward, pixels)[0], specimen.eager(pixels)[2], atol=1e-5)
    (tmp_path / "damaged.pb").write_bytes((tmp_path / "frozen.pb").read_bytes()[:-200])
    with pytest.raises(ModelError, match=r"damaged.pb"):
        read_graph(tmp_path / "damaged.pb")


class Evil(tf.Module):
    """Computes scores, and does something else on the way."""

    def __init__(self, deed):
        super().__init__()
        self._deed = deed
        self.kernel = tf.Variable(tf.ones((3, 3, 3, 4)))

    @tf.function(input_signature=[tf.TensorSpec((1, 16, 16, 3), tf.float32)])
    def __call__(self, pixels):
        with tf.control_dependencies([self._deed()]):
            return tf.reduce_mean(tf.nn.conv2d(pixels, self.kernel, 1, "SAME"), axis=(1, 2))


@pytest.mark.parametrize("operation", ["WriteFile", "ReadFile", "EagerPyFunc", "PrintV2"])
def test_a_graph_that_does_more_than_compute_is_refused_and_never_run(tmp_path, operation):
    touched = tmp_path / "touched"
    deeds = {
        "WriteFile": lambda: tf.io.write_file(str(touched), "here"),
        "ReadFile": lambda: tf.io.read_file("/etc/hostname"),
        "EagerPyFunc": lambda: tf.py_function(touched.touch, [], []),
        "PrintV2": lambda: tf.print("x", output_stream=f"file://{touched}"),
    }
    module = Evil(deeds[operation])
    tf.saved_model.save(module, tmp_path / "evil", signatures=module.__call__.get_concrete_function())
    with pytest.raises(UnsafeModelError, match=rf"could run code or touch files.*{operation}"):
        read_graph(tmp_path / "evil")
    assert not touched.exists()


def test_a_graph_that_changes_its_pictures_at_random_is_refused_as_that(specimen, tmp_path):
    inputs = keras.Input((SIDE, SIDE, 3))
    outputs = specimen.model(keras.layers.RandomFlip("horizontal")(inputs))
    keras.Model(inputs, outputs).export(tmp_path / "flips", verbose=False)  # Keras 3 flips there, too
    with pytest.raises(ModelError, match=r"changes its pictures at random.*export it without them") as refused:
        load_model(tmp_path / "flips", cache=False)
    assert not isinstance(refused.value, UnsafeModelError)


def test_what_is_no_readable_model_is_named(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"empty: is a folder without saved_model.pb"):
        load_model(tmp_path / "empty")
    shutil.copytree(folder, tmp_path / "bare")
    shutil.rmtree(tmp_path / "bare" / "variables")
    with pytest.raises(ModelError, match=r"bare: its weights cannot be read"):
        read_graph(tmp_path / "bare")
    shutil.copytree(folder, tmp_path / "linked")
    data = next((tmp_path / "linked" / "variables").glob("*.data*"))
    shutil.move(data, tmp_path / "elsewhere")
    data.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafeModelError, match=r"a link to a place outside"):
        load_model(tmp_path / "linked")


def test_the_program_reads_it_without_loading_tensorflow_itself(folder):
    program = (
        f"import sys, streamcam; c = streamcam.load_model({str(folder)!r}, cache=False); f = c.network.build();"
        "print(c.input_size, len(f.layers), f.layers[-1].path, len(f.model.outputs), 'tensorflow' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"({SIDE}, {SIDE}) ")
    count, path, outputs, loaded = said.split(") ")[1].split()
    assert "conv_sum" in path
    assert (int(outputs), loaded) == (int(count) + 1, "False")


def test_a_graph_that_openvino_runs_otherwise_than_tensorflow_is_refused_with_the_difference(folder, specimen):
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    signature = tf.TensorSpec((1, SIDE, SIDE, 3), tf.float32, "image")
    graph = read_graph(folder)
    assert not graph.unproved
    for factor in (1.0, 1.05):

        def network(x, factor=factor):
            return tf.nn.softmax(specimen.eager(x)[1] * factor)

        function = convert_variables_to_constants_v2(tf.function(network).get_concrete_function(signature))
        if factor == 1:
            assert prove(graph, function, function.outputs[0], "m") == ""
        else:
            with pytest.raises(
                ModelError, match=r"m: OpenVINO answers otherwise than TensorFlow: .* differ by up to 0\.0"
            ):
                prove(graph, function, function.outputs[0], "m")


def test_a_graph_with_the_channels_first_is_proved_too(tmp_path):
    inputs = keras.Input((3, 24, 32))
    maps = keras.layers.Conv2D(4, 3, strides=2, data_format="channels_first")(inputs)
    pooled = keras.layers.GlobalAveragePooling2D(data_format="channels_first")(maps)
    keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(pooled)).export(tmp_path / "first", verbose=False)
    graph = read_graph(tmp_path / "first")
    assert (graph.unproved, graph.image.layout, graph.forward.layers[-1].shape) == ("", "nchw", (11, 15, 4))
