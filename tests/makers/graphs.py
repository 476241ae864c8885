"""Tiny random networks as files of formats that are not Keras'."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE, CLASSES = 32, 5


def onnx_classifier(
    path: Path,
    *,
    shape: tuple[Any, ...] = (1, 3, SIDE, SIDE),
    kind: int = TensorProto.FLOAT,
    softmax: bool = False,
    scaled: tuple[tuple[str, float], ...] = (),
    outputs: tuple[str, ...] = ("scores",),
    external: str | None = None,
    weights: Mapping[str, np.ndarray] | None = None,
    seed: int = 1,
) -> Path:
    """Write two strided convolutions, pooling, and a dense layer.

    Args:
        path: of the file.
        shape: of the input; texts are free.
        kind: its type.
        softmax: whether it ends in one.
        scaled: what the graph does with its input first: names of operations, and their constants.
        outputs: of ``scores``, ``twice``, ``features``, ``map`` and ``index``.
        external: where the weights are said to lie, instead of in the file.
        weights: ``w1`` and ``w2`` ``(out, in, 3, 3)``, ``w3`` ``(in, out)``, ``b1`` and ``b3`` instead of random ones.
        seed: of the random ones.
    """
    random = np.random.default_rng(seed)
    last = shape[-1] in (1, 3) if len(shape) == 4 else False
    channels = 1 if len(shape) == 3 else (shape[-1] if last else shape[1])
    channels = channels if isinstance(channels, int) else 3
    arrays = {
        "w1": random.normal(0, 0.4, (8, channels, 3, 3)),
        "b1": random.normal(0, 0.1, 8),
        "w2": random.normal(0, 0.2, (12, 8, 3, 3)),
        "w3": random.normal(0, 1, (12, CLASSES)),
        "b3": random.normal(0, 0.1, CLASSES),
        "rows": np.array([0, 1]),
    } | dict(weights or {})
    tensors = [numpy_helper.from_array(v.astype("i8" if v.dtype == int else "f4"), k) for k, v in arrays.items()]
    nodes, at = [], "image"

    def add(operation: str, name: str, *more: str, **attributes: Any) -> None:
        nonlocal at
        nodes.append(helper.make_node(operation, [at, *more], [name], name=name, **attributes))
        at = name

    if kind != TensorProto.FLOAT:
        add("Cast", "cast", to=TensorProto.FLOAT)
    for i, (operation, value) in enumerate(scaled):
        tensors.append(numpy_helper.from_array(np.float32(value), f"constant{i}"))
        add(operation, f"scaled{i}", f"constant{i}")
    if last:
        add("Transpose", "first", perm=[0, 3, 1, 2])
    if len(shape) == 3:
        tensors.append(numpy_helper.from_array(np.array([1]), "axis"))
        add("Unsqueeze", "first", "axis")
    add("Conv", "conv1", "w1", "b1", strides=[2, 2], pads=[1, 1, 1, 1])
    add("Relu", "relu1")
    add("Conv", "conv2", "w2", strides=[2, 2], pads=[1, 1, 1, 1])
    add("Relu", "map")
    add("GlobalAveragePool", "pool")
    add("Flatten", "features")
    add("Gemm", "logits" if softmax else "scores", "w3", "b3")
    if softmax:
        add("Softmax", "scores")
    nodes.append(helper.make_node("Mul", ["scores", "scores"], ["twice"], name="twice"))
    nodes.append(helper.make_node("ArgMax", ["scores"], ["index"], name="index"))
    kinds = {"index": TensorProto.INT64}
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", kind, shape)],
        [helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), None) for name in outputs],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if external is not None:
        onnx.external_data_helper.convert_model_to_external_data(model, location="w.bin", size_threshold=0)
        onnx.save(model, path)
        for tensor in model.graph.initializer:
            for entry in tensor.external_data:
                if entry.key == "location":
                    entry.value = external
        path.write_bytes(model.SerializeToString())
    else:
        onnx.save(model, path)
    return path


def onnx_transformer(path: Path, *, seed: int = 1) -> Path:
    """Write a vision transformer of two blocks with a class token: 4x4 patches of 8x8 pixels."""
    random = np.random.default_rng(seed)
    width = 16
    tensors, nodes, at = [], [], "image"

    def weight(name: str, *shape: int) -> str:
        tensors.append(numpy_helper.from_array(random.normal(0, 0.3, shape).astype("f4"), name))
        return name

    def numbers(name: str, *values: int) -> str:
        tensors.append(numpy_helper.from_array(np.array(values), name))
        return name

    def add(operation: str, name: str, *inputs: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(operation, list(inputs), [name], name=name, **attributes))
        return name

    at = add("Conv", "patches", at, weight("pw", width, 3, 8, 8), strides=[8, 8])
    at = add("Reshape", "flat", at, numbers("flat_shape", 1, width, -1))
    at = add("Transpose", "rows", at, perm=[0, 2, 1])
    at = add("Concat", "tokens", weight("class", 1, 1, width), at, axis=1)
    for i in range(2):
        normal = add("LayerNormalization", f"norm{i}", at, weight(f"s{i}", width), axis=-1)
        q, k, v = (add("MatMul", f"{n}{i}", normal, weight(f"{n}w{i}", width, width)) for n in "qkv")
        key = add("Transpose", f"kt{i}", k, perm=[0, 2, 1])
        attention = add("Softmax", f"attention{i}", add("MatMul", f"qk{i}", q, key))
        at = add("Add", f"block{i}", at, add("MatMul", f"mixed{i}", attention, v))
    normal = add("LayerNormalization", "norm", at, weight("s", width), axis=-1)
    token = add("Gather", "token", normal, numbers("zero", 0), axis=1)
    token = add("Reshape", "squeezed", token, numbers("token_shape", 1, width))
    add("MatMul", "scores", token, weight("head", width, CLASSES))
    graph = helper.make_graph(
        nodes,
        "transformer",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, (1, 3, SIDE, SIDE))],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, (1, CLASSES))],
        tensors,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path
