"""Video classifiers that are no Keras files: ONNX graphs in the orders of axes that there are, and SavedModels."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from makers import video_models
from onnx import TensorProto, helper, numpy_helper

from streamcam import ClipGradCAM, load_model
from streamcam.errors import ModelError

T, SIDE, CLASSES = 6, 24, 4


def weights():
    random = np.random.default_rng(4)
    return {
        "k1": random.normal(0, 0.3, (5, 3, 3, 3, 3)),
        "k2": random.normal(0, 0.3, (8, 5, 3, 3, 3)),
        "w": random.normal(0, 1, (8, CLASSES)),
        "b": random.normal(0, 0.1, CLASSES),
    }


def save(path, layout, *, length=T):
    """Two convolutions through space and time, an average over both, a softmax."""
    arrays = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights().items()]
    sides = {"n": 1, "c": 3, "t": length, "h": SIDE, "w": SIDE}
    order = [layout.index(axis) for axis in "ncthw"]
    nodes = [
        helper.make_node("Transpose", ["clip"], ["x"], perm=order),
        helper.make_node("Conv", ["x", "k1"], ["c1"], "first", pads=[1] * 6, strides=[1, 2, 2]),
        helper.make_node("Relu", ["c1"], ["r1"], "first_relu"),
        helper.make_node("Conv", ["r1", "k2"], ["c2"], "second", pads=[1] * 6, strides=[2, 2, 2]),
        helper.make_node("Relu", ["c2"], ["maps"], "maps"),
        helper.make_node("GlobalAveragePool", ["maps"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w", "b"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"]),
    ]
    given = helper.make_tensor_value_info("clip", TensorProto.FLOAT, [sides[axis] for axis in layout])
    made = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, CLASSES])
    graph = helper.make_graph(nodes, "video", [given], [made], arrays)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def expected(clip, index):
    """``(t, h, w)`` evidence and ``(C,)`` probabilities, by Keras' own convolutions: the weights of a class times the maps."""
    import tensorflow as tf

    arrays = weights()

    def convolved(x, kernel, stride):
        padded = tf.pad(x, [(0, 0), (1, 1), (1, 1), (1, 1), (0, 0)])
        return tf.nn.relu(tf.nn.conv3d(padded, kernel.transpose(2, 3, 4, 1, 0), [1, *stride, 1], "VALID"))

    x = tf.constant(clip[np.newaxis, ..., ::-1].astype(np.float64) / 255)
    maps = convolved(convolved(x, arrays["k1"], (1, 2, 2)), arrays["k2"], (2, 2, 2))[0].numpy()
    scores = maps.mean(axis=(0, 1, 2)) @ arrays["w"] + arrays["b"]
    evidence = np.maximum(maps @ arrays["w"][:, index], 0) / maps[..., 0].size
    return evidence, np.exp(scores) / np.exp(scores).sum()


@pytest.mark.parametrize("layout", ["nthwc", "ncthw", "ntchw"])
def test_maps_of_an_onnx_file_are_the_class_weights_times_the_maps(tmp_path, layout):
    classifier = load_model(save(tmp_path / "video.onnx", layout), preprocess="unit")
    assert classifier.frames == T
    explain = ClipGradCAM(classifier, precision="f32")
    clip = np.random.default_rng(1).integers(0, 256, (T, SIDE, SIDE, 3), np.uint8)
    for index in range(CLASSES):
        said = explain.explain_clip(clip, [index])
        evidence, probabilities = expected(clip, index)
        assert said.heatmaps.shape == (1, 3, 6, 6)
        np.testing.assert_allclose(said.probabilities, probabilities, atol=1e-5)
        np.testing.assert_allclose(said.heatmaps[0], evidence, atol=1e-4 * evidence.max())
    assert explain.layer == "maps"


def test_without_gradients(tmp_path):
    classifier = load_model(save(tmp_path / "video.onnx", "ncthw"), preprocess="unit")
    explain = ClipGradCAM(classifier, precision="f32", method="recipro-cam", targets=(1,))
    clip = np.random.default_rng(2).integers(0, 256, (T, SIDE, SIDE, 3), np.uint8)
    said = explain.explain_clip(clip)
    assert said.heatmaps.shape == (1, 3, 6, 6)
    assert said.heatmaps.min() == 0
    evidence, _ = expected(clip, 1)
    assert np.corrcoef(said.heatmaps[0].ravel(), evidence.ravel())[0, 1] > 0.5


def test_a_saved_model_is_what_its_keras_model_is(tmp_path):
    model = video_models.ALL["conv3d"]()
    model.model.export(tmp_path / "saved", verbose=False)
    model.model.save(tmp_path / "video.keras")
    clip = np.random.default_rng(3).integers(0, 256, (8, 32, 32, 3), np.uint8)
    saved = ClipGradCAM(load_model(tmp_path / "saved", preprocess="unit"), precision="f32", targets=(2,)).explain_clip(
        clip
    )
    keras = load_model(tmp_path / "video.keras", preprocess="unit")
    same = [layer.path for layer in keras.network.layers(keras) if layer.grid == saved.heatmaps.shape[1:]]
    said = ClipGradCAM(keras, precision="f32", targets=(2,), layer=same[-1]).explain_clip(clip)
    np.testing.assert_allclose(saved.probabilities, said.probabilities, atol=1e-5)
    np.testing.assert_allclose(saved.heatmaps, said.heatmaps, atol=1e-4 * said.heatmaps.max())
    assert saved.heatmaps.max() > 0


def test_loops_in_a_saved_model_are_refused_by_name(tmp_path):
    video_models.ALL["lstm"]().model.export(tmp_path / "saved", verbose=False)
    with pytest.raises(ModelError, match="TensorList"):
        load_model(tmp_path / "saved")
