"""What runs a recipe: which engine and precision are taken, and what the disk cache saves."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from makers import models
from makers.explainers import RAW, exact, image

from streamcam import Cache, GradCAM, load_model, wrap_model
from streamcam.backends.keras.network import KerasNetwork
from streamcam.backends.openvino.engine import cpu_precisions
from streamcam.errors import ModelError, OptionError, StreamcamWarning

PICTURE = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)


@pytest.fixture
def model_file(tmp_path):
    models.flat(rescales=True).model.save(tmp_path / "small.keras")
    return tmp_path / "small.keras"


def explain(model_file, cache, **options):
    classifier = load_model(model_file, cache=cache)
    explainer = GradCAM(classifier, precision="f32", cache=cache, **options)
    return explainer, explainer(PICTURE)


def graphs(cache):
    return [entry for entry in cache.entries() if "layers" in entry.facts]


def test_a_second_explainer_needs_neither_the_model_nor_tensorflow(model_file, tmp_path):
    cache = Cache(tmp_path / "c")
    _, first = explain(model_file, cache)
    code = f"""
import sys, numpy as np
from streamcam import Cache, GradCAM, load_model
cache = Cache(__import__('pathlib').Path({str(tmp_path / "c")!r}))
explain = GradCAM(load_model({str(model_file)!r}, cache=cache), precision="f32", cache=cache)
picture = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)
explanation = explain(picture)
for shape, targets, method in (((48, 96), 2, None), ((120, 50), 3, "layercam"), ((64, 64), 1, "recipro-cam")):
    other = explain(np.full((*shape, 3), 90, np.uint8), [*range(targets)], method)
    assert len(other.heatmaps) == targets
assert not {{"tensorflow", "keras"}} & set(sys.modules), "TensorFlow was loaded"
print(explain.layer, float(explanation.heatmaps.sum()), int(explanation.classes[0]))
"""
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert output[0] == "conv_sum"
    assert float(output[1]) == pytest.approx(float(first.heatmaps.sum()), rel=1e-5)
    assert int(output[2]) == first.classes[0]


def test_one_graph_serves_every_size_target_and_method(model_file, tmp_path):
    cache = Cache(tmp_path / "c")
    classifier = load_model(model_file, cache=cache)
    explain = GradCAM(classifier, precision="f32", cache=cache)
    for shape in ((48, 48), (48, 96), (80, 64)):
        for targets in (["top1"], ["top1", "top2"]):
            for method in ("gradcam", "layercam"):
                explain(np.zeros((*shape, 3), np.uint8), targets, method)
    GradCAM(classifier, layer="conv_b", score="probability", precision="f32", cache=cache)(PICTURE)
    assert len(graphs(cache)) == 1

    models.flat(seed=9).model.save(tmp_path / "other.keras")
    GradCAM(load_model(tmp_path / "other.keras", cache=cache), precision="f32", cache=cache)(PICTURE)
    assert len(graphs(cache)) == 2


@pytest.mark.filterwarnings("ignore:.*does not have a `quantize` method")
def test_a_quantised_model_answers_as_keras_does(tmp_path):
    keras.utils.set_random_seed(5)
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(8, 3, activation="relu")(layers.Rescaling(1 / 255)(inputs))
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(x)))
    model.quantize("int8")
    picture = np.random.default_rng(2).integers(0, 256, (32, 32, 3), np.uint8)
    expected = keras.ops.convert_to_numpy(model(picture[None, ..., ::-1].astype(np.float32)))[0]
    with pytest.warns(StreamcamWarning, match="TensorFlow runs it"):  # OpenVINO 2026.4 reads it wrongly
        explanation = GradCAM(wrap_model(model), cache=False)(picture)
    np.testing.assert_allclose(explanation.probabilities, expected, atol=1e-3)


class Misread(KerasNetwork):
    """A network whose graph comes out as that of another one, as a converter that errs would have it."""

    def forward(self, classifier, size=None):
        return KerasNetwork(lambda: models.flat(seed=9).model).forward(classifier, size)


def test_a_graph_that_answers_otherwise_is_not_used_and_that_is_remembered(model_file, tmp_path):
    cache = Cache(tmp_path / "c")
    classifier = load_model(model_file, cache=cache)
    misread = replace(classifier, network=Misread(classifier.network.build))
    expected = GradCAM(classifier, engine="tensorflow", cache=False)(PICTURE)
    for _ in range(2):
        explain = GradCAM(misread, cache=cache)
        with pytest.warns(StreamcamWarning, match="TensorFlow runs it.*its probabilities differ"):
            explanation = explain(PICTURE)
        assert explain.engine == "tensorflow"
        np.testing.assert_array_equal(explanation.probabilities, expected.probabilities)
    assert not graphs(cache)
    with pytest.raises(ModelError, match="its probabilities differ"):
        GradCAM(misread, cache=cache, engine="openvino")(PICTURE)


def test_a_damaged_entry_is_made_again_with_a_warning(model_file, tmp_path):
    cache = Cache(tmp_path / "c")
    _, first = explain(model_file, cache)
    for damage in ("flip", "cut", "remove", "nonsense"):
        [entry] = graphs(cache)
        weights = tmp_path / "c" / entry.key / "graph.bin"
        data = weights.read_bytes()
        if damage == "flip":
            weights.write_bytes(bytes([data[0] ^ 1]) + data[1:])
        elif damage == "cut":
            weights.write_bytes(data[: len(data) // 2])
        elif damage == "remove":
            weights.unlink()
        else:
            (weights.parent / "entry.json").write_text("{nonsense")
        with pytest.warns(StreamcamWarning, match="damaged cache entry"):
            _, again = explain(model_file, cache)
        np.testing.assert_array_equal(again.heatmaps, first.heatmaps)
        assert len(graphs(cache)) == 1


def test_an_entry_of_other_versions_is_not_used(model_file, tmp_path, monkeypatch):
    cache = Cache(tmp_path / "c")
    explain(model_file, cache)
    found = {"format": "0", "tensorflow": "1", "keras": "1", "openvino": "1"}
    monkeypatch.setattr("streamcam.explainers.graphs.versions", lambda: found)
    explain(model_file, cache)
    assert len(graphs(cache)) == 2


def test_without_a_cache_nothing_is_written(model_file, tmp_path, monkeypatch):
    monkeypatch.setenv("STREAMCAM_CACHE", str(tmp_path / "unused"))
    explain(model_file, False)
    assert not (tmp_path / "unused").exists()


def test_a_store_that_cannot_be_written_is_no_reason_to_stop(model_file, tmp_path):
    (tmp_path / "file").touch()
    with pytest.warns(StreamcamWarning, match="cannot be written to"):
        _, explanation = explain(model_file, Cache(tmp_path / "file" / "c"))
    assert explanation.heatmaps.shape == (1, 12, 12)


def test_a_head_of_one_size_is_stretched_to(tmp_path):
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(4, 3, strides=2)(layers.Rescaling(1 / 255)(inputs))
    x = layers.GlobalAveragePooling1D()(layers.Reshape((15 * 15, 4))(x))
    keras.Model(inputs, layers.Dense(3, activation="softmax")(x)).save(tmp_path / "fixed.keras")
    cache = Cache(tmp_path / "c")
    for _ in range(2):
        explainer = GradCAM(load_model(tmp_path / "fixed.keras", cache=cache), precision="f32", cache=cache)
        with pytest.warns(StreamcamWarning, match="stretch"):
            explainer(np.zeros((32, 64, 3), np.uint8))


def test_several_processes_may_start_at_once(model_file, tmp_path):
    code = f"""
import numpy as np
from streamcam import GradCAM, load_model
GradCAM(load_model({str(model_file)!r}), precision="f32")(np.zeros((48, 48, 3), np.uint8))
"""
    environment = os.environ | {"STREAMCAM_CACHE": str(tmp_path / "c")}
    running = [
        subprocess.Popen([sys.executable, "-W", "error::UserWarning", "-c", code], env=environment) for _ in range(2)
    ]
    assert [process.wait() for process in running] == [0, 0]
    cache = Cache(tmp_path / "c")
    assert len(graphs(cache)) == 1
    assert all(cache.get(entry.key) for entry in cache.entries())
    assert not list((tmp_path / "c").glob(".draft-*"))


def test_who_measured_a_precision_first_decides_for_all_who_agree(model_file, tmp_path, monkeypatch):
    agreed = Cache(tmp_path / "agreed")
    measured = iter(["f32", "bf16"])
    monkeypatch.setattr("streamcam.explainers.measured.cpu_precisions", lambda: ("bf16", "f32"))
    monkeypatch.setattr("streamcam.explainers.measured.choose", lambda *_: next(measured))

    def precision(name, agreed):
        """What is computed in, and what is kept under the name."""
        cache = Cache(tmp_path / name)
        explainer = GradCAM(load_model(model_file, cache=cache), cache=cache, agreed=agreed)
        explainer(PICTURE)
        [kept] = [entry.facts["precision"] for entry in cache.entries() if "precision" in entry.facts]
        return explainer.precision, kept

    assert precision("one", agreed) == ("f32", "f32")
    assert precision("other", agreed) == ("f32", "f32")
    assert precision("alone", None)[1] == "bf16"
    assert precision("alone", agreed) == ("f32", "bf16")
    assert next(measured, None) is None


def test_a_precision_that_the_processor_lacks_is_said():
    lacking = [p for p in ("f16", "bf16") if p not in cpu_precisions()]
    model = wrap_model(models.flat().model, preprocessing=RAW)
    for precision in lacking:
        explain = GradCAM(model, precision=precision)
        with pytest.warns(StreamcamWarning, match=f"precision {precision}"):
            explain(image())
        assert explain.precision != precision
    with pytest.raises(OptionError, match="f32"):
        GradCAM(model, engine="tensorflow", precision="bf16")


def test_an_operation_without_a_gradient_is_named_and_tensorflow_runs_the_model():
    inputs = keras.Input((28, 28, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")(inputs)
    x = layers.Lambda(lambda t: tf.cumsum(t, axis=1), output_shape=lambda shape: shape)(x)
    x = layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    classifier = wrap_model(keras.Model(inputs, x), preprocessing=RAW)
    explain = exact(classifier, layer="conv")
    with pytest.warns(StreamcamWarning, match=r"TensorFlow runs it.*CumSum"):
        explanation = explain(image(28, 28))
    assert explain.engine == "tensorflow"
    assert explanation.heatmaps.shape == (1, 28, 28)
    with pytest.raises(ModelError, match="CumSum"):
        exact(classifier, layer="conv", engine="openvino")(image(28, 28))
