"""From a TensorFlow graph that was read as data to a forward graph."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from streamcam.backends.keras.convert import converted
from streamcam.backends.openvino.ends import Input, readings
from streamcam.backends.openvino.graph import Graph, graph_of
from streamcam.backends.openvino.walk import behind, unique
from streamcam.backends.savedmodel.prove import prove
from streamcam.backends.savedmodel.read import Content, read_frozen, read_saved_model
from streamcam.errors import ModelError
from streamcam.system.libraries import load_openvino, load_tensorflow

# What has no map of its own to show.
_PASSING = frozenset(
    {
        *("Cast", "Const", "Identity", "IdentityN", "Pad", "PadV2", "Placeholder", "Reshape", "Shape", "Squeeze"),
        *("ExpandDims", "StopGradient", "Transpose", "BatchToSpaceND", "SpaceToBatchND"),
    }
)


def read_graph(path: Path, output: str | int | None = None) -> Graph:
    """Read a SavedModel folder or a frozen graph. Loads TensorFlow; a hostile file can crash it: see ``trial``.

    Args:
        path: a folder with ``saved_model.pb``, or a frozen graph.
        output: the name or the number of the output that gives the scores; None for the only one that may.

    Raises:
        UnsafeModelError: its graph does more than compute tensors.
        LayerError: it has no spatial map.
        ModelError: it cannot be read, is no image classifier, or OpenVINO answers otherwise than TensorFlow.
    """
    load_tensorflow(path.name)
    content = read_saved_model(path) if path.is_dir() else read_frozen(path)
    name = path.name
    found = ", ".join(content.inputs) or "none"
    if len(content.inputs) != 1:
        raise ModelError(f"{name}: takes {len(content.inputs)} inputs ({found}); an image classifier takes one image")
    try:
        frozen, image = _frozen(content, name)
        taps = _taps(frozen)
        tensor = _chosen(content, frozen, output, name)
        model = _model(frozen, image, tensor, taps)
        model.reshape(image.shape(*image.size))
        graph = graph_of(model, name)
        unproved = prove(graph, frozen, tensor, name)
        return replace(graph, image=replace(graph.image, open=image.open), unproved=unproved)
    except ModelError:
        raise
    except Exception as error:  # TensorFlow and OpenVINO raise errors of many kinds
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{name}: its graph cannot be taken over ({reason}); export it again") from error


def _frozen(content: Content, name: str) -> tuple[Any, Input]:
    """The graph as a function of one image, with functions and variables put in place, and its input."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    (tensor,) = content.inputs.values()
    node = next((node for node in content.graph.node if node.name == tensor.split(":")[0]), None)
    if node is None:
        raise ModelError(f"{name}: its scores do not depend on its input {tensor}; export it again")
    kind, shape = tf.as_dtype(node.attr["dtype"].type), tf.TensorShape(node.attr["shape"].shape)
    if kind not in (tf.float32, tf.float16, tf.uint8, tf.int8):
        raise ModelError(
            f"{name}: takes input of type {kind.name} ({tensor}); an image is of floating point or 8-bit numbers"
        )
    ov = load_openvino()
    sides = [-1 if side is None else side for side in shape] if shape.rank is not None else [-1, -1, -1, -1]
    held = {f"{key}:0": tf.Variable(value, trainable=False) for key, value in content.variables.items()}
    handles = {node.name for node in content.graph.node if node.op == "VarHandleOp"}
    graph = type(content.graph)()
    graph.CopyFrom(content.graph)
    del graph.node[:]
    graph.node.extend(node for node in content.graph.node if node.name not in content.variables)

    def call(pixels: Any) -> Any:
        here = tf.compat.v1.get_default_graph()
        for variable in held.values():
            here.watch_variable(variable)  # else it would not be frozen
        fed = {k: here.capture(v.handle) if k[:-2] in handles else tf.identity(v) for k, v in held.items()}
        return tf.graph_util.import_graph_def(
            graph, input_map=fed | {tensor: pixels}, return_elements=list(content.outputs.values()), name=""
        )

    reason = f"takes input of shape {shape}; an image classifier takes (batch, height, width, 1 or 3)"
    for image in readings(ov.PartialShape(sides), None, last=True):
        try:
            wrapped = _traced(call, image.shape(*image.size), kind)
        except ValueError as error:
            reason = " ".join(str(error).split())[:200]
            continue
        return convert_variables_to_constants_v2(wrapped, aggressive_inlining=True), image
    raise ModelError(f"{name}: {reason}")


def _taps(frozen: Any) -> dict[str, Any]:
    """The tensors that may be maps or tokens, by names for people."""
    import tensorflow as tf

    found: dict[str, Any] = {}
    for operation in frozen.graph.get_operations():
        if operation.type in _PASSING or not operation.outputs:
            continue
        tensor = operation.outputs[0]
        if tensor.dtype == tf.float32 and tensor.shape.rank in (3, 4) and tensor.shape[0] == 1:
            name = re.sub(r"(Stateful)?PartitionedCall(_\d+)?/", "", operation.name)
            found[unique(name, found.__contains__)] = tensor
    return found


def _chosen(content: Content, frozen: Any, output: str | int | None, name: str) -> Any:
    """The tensor of the scores: the output of that name or number, or the only one with one number a class."""
    import tensorflow as tf

    tensors = dict(zip(content.outputs, frozen.outputs, strict=True))
    listed = ", ".join(f"{key} {tuple(tensor.shape)}" for key, tensor in tensors.items())
    if output is not None:
        chosen = [tensor for i, (key, tensor) in enumerate(tensors.items()) if output in (i, key)]
        if not chosen:
            raise ModelError(f"{name}: has no output {output}; it has {listed}")
        return chosen[0]
    fitting = [
        tensor
        for tensor in tensors.values()
        if tensor.dtype == tf.float32 and tensor.shape.rank and sum(side != 1 for side in tensor.shape) <= 1
    ]
    if len(fitting) > 1:
        raise ModelError(f"{name}: has {len(fitting)} outputs that could be scores ({listed}); choose one by its name")
    return fitting[0] if fitting else next(iter(tensors.values()))


def _model(frozen: Any, image: Input, scores: Any, taps: dict[str, Any]) -> Any:
    """The graph as an OpenVINO model of the scores, with the tensors named; its size is free where that can be converted."""
    import tensorflow as tf

    graph = frozen.graph.as_graph_def()
    (pixels,) = (tensor for tensor in frozen.inputs if tensor.dtype != tf.resource)
    kept = [node for node in graph.node if node.name != pixels.op.name]
    del graph.node[:]
    graph.node.extend(kept)
    ordered = [scores, *taps.values()]

    def call(fed: Any) -> Any:
        first, *rest = tf.graph_util.import_graph_def(
            graph, input_map={pixels.name: fed}, return_elements=[tensor.name for tensor in ordered], name=""
        )
        flat = [tf.transpose(t, (0, 3, 1, 2)) if t.shape.rank == 4 else tf.identity(t) for t in rest]
        return [tf.identity(first), *flat]

    try:
        model = converted(_traced(call, image.shape(-1, -1), pixels.dtype))
        model.reshape(image.shape(*image.size))
    except (ModelError, ValueError, RuntimeError):
        model = converted(_traced(call, image.shape(*image.size), pixels.dtype))
    results = model.get_results()
    named: set[str] = set()
    for result, path in zip(results[1:], taps, strict=True):
        source = behind(result.input_value(0), {"Convert", "FakeQuantize", "Identity", "Transpose"})
        node = source.get_node()
        if node.get_name() not in named:  # the first to make a tensor names it
            named.add(node.get_name())
            node.set_friendly_name(path)
            source.set_names({path})
    return load_openvino().Model(results[:1], model.get_parameters(), "scores")


def _traced(call: Any, shape: list[int], kind: Any) -> Any:
    import tensorflow as tf

    signature = tf.TensorSpec([None if side < 0 else side for side in shape], kind, "pixels")
    return tf.function(call, autograph=False).get_concrete_function(signature)
