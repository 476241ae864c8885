"""From an OpenVINO model, whatever it was read from, to a forward graph and what is known of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from streamcam.backends.ending import Ending, are_probabilities, assumed_of, ending_of
from streamcam.backends.openvino.description import Description
from streamcam.backends.openvino.ends import Input, check_memory, find_scores, settle_input
from streamcam.backends.openvino.engine import core
from streamcam.backends.openvino.forward import ORDERS, Forward
from streamcam.backends.openvino.maps import find_layers
from streamcam.backends.openvino.scaling import guess_preprocessing
from streamcam.backends.openvino.walk import constant_of, static_shape
from streamcam.errors import ModelError
from streamcam.models.layers import Layer
from streamcam.models.preprocessing import Preprocessing
from streamcam.system.libraries import load_openvino
from streamcam.types import Float32Array, UInt8Array


@dataclass(frozen=True, slots=True)
class Graph:
    """A forward graph and what can be seen of it without running it.

    Attributes:
        forward: the graph.
        image: its input.
        preprocessing: how pixels most likely become its input.
        reason: why that was guessed, None where the graph says so.
        ending: what its scores are.
        unproved: why it is not known whether it answers as the file it was read from does; empty where it is.
    """

    forward: Forward
    image: Input
    preprocessing: Preprocessing
    reason: str | None
    ending: Ending
    unproved: str = ""


def graph_of(model: Any, name: str, output: str | int | None = None) -> Graph:
    """Find image, scores and spatial tensors of a model, which is changed and must not be used afterwards.

    Args:
        model: an ``openvino.Model``.
        name: of the model, in messages.
        output: the name or the number of the output that gives the scores; None for the only one that may.

    Raises:
        LayerError: it has no spatial map.
        ModelError: it is no image classifier.
    """
    ov = load_openvino()
    from openvino import opset8

    _unpack_weights(model)
    image = settle_input(model, name)
    scores = find_scores(model, output, name)
    whole = ov.Model([opset8.result(scores)], [image.parameter], "forward")
    found = find_layers(whole, image.layout, image.size, name, image.frames)
    preprocessing, reason = guess_preprocessing(whole, image)
    whole.add_results([opset8.result(tensor) for tensor, _ in found])
    layers = tuple(layer for _, layer in found)
    _set_free(whole, image, _stride(image, layers), name)
    ending = ending_of(
        scores.get_node(), lambda node: node.get_type_name(), lambda node: [x.get_node() for x in node.input_values()]
    )
    return Graph(Forward(whole, layers, image.layout), image, preprocessing, reason, ending)


def describe(graph: Graph) -> Description:
    """What a graph is; it is run once, at the size it was built for, on a random picture.

    Raises:
        ModelError: it does not run, or gives no numbers.
    """
    picture = np.random.default_rng(0).integers(0, 256, graph.image.picture, np.uint8)
    scores = scoring(graph)(fed(graph, picture))
    if not np.isfinite(scores).all():
        raise ModelError("it gives scores that are no numbers; its weights are damaged")
    image, preprocessing = graph.image, graph.preprocessing
    assumed = []
    if graph.reason is not None:
        assumed.append(
            f"preprocessing guessed: {preprocessing.name}, as {graph.reason}; choose another with --preprocess"
        )
    if image.open:
        height, width = image.size
        assumed.append(f"input size: {width}x{height}, as the file leaves it open; choose another with --size")
    if line := assumed_of(graph.ending, scores):
        assumed.append(line)
    if graph.unproved:
        assumed.append(f"not proved that OpenVINO answers as TensorFlow, since {graph.unproved}")
    return Description(
        preprocessing=preprocessing,
        classes=2 if scores.size == 1 else scores.size,
        input_size=image.size,
        stride=_stride(image, graph.forward.layers),
        gives_probabilities=are_probabilities(graph.ending, scores),
        fixed_size=not graph.forward.is_free,
        assumed=tuple(assumed),
        frames=image.frames,
    )


def fed(graph: Graph, picture: UInt8Array) -> npt.NDArray[Any]:
    """A picture, or a clip, uint8 BGR of the size that a graph was built for, as its input takes it."""
    image, how = graph.image, graph.preprocessing
    prepared = how.prepare(picture)
    shaped = prepared.transpose(ORDERS.get(image.layout, range(prepared.ndim)))
    kind = image.parameter.get_element_type().to_dtype()
    return shaped.reshape(image.shape(*image.size)).astype(kind)


def scoring(graph: Graph) -> Callable[[npt.NDArray[Any]], Float32Array]:
    """A function from what ``fed`` gives to ``(1, C)`` float32 scores."""
    model = graph.forward.model.clone()
    model = load_openvino().Model(model.get_results()[:1], model.get_parameters(), "scores")
    model.reshape(graph.image.shape(*graph.image.size))
    compiled = core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda pixels: np.asarray(compiled(pixels)[0], np.float32).reshape(1, -1)


def _stride(image: Input, layers: Sequence[Layer]) -> int:
    return int(2 ** round(math.log2(max(1.0, image.size[0] / layers[-1].grid[-2]))))


def _unpack_weights(model: Any) -> None:
    """Make 8-bit weights floating point.

    With 8-bit weights OpenVINO computes in 8 bits, in which processors without instructions of their own for it (VNNI)
    let sums overflow: maps were off by a quarter of their maximum.
    """
    from openvino import opset8

    for node in list(model.get_ops()):
        if node.get_type_name() == "Convert" and node.get_output_element_type(0).is_real():
            source = node.input_value(0)
            values = constant_of(source) if source.get_element_type().bitwidth == 8 else None
            if values is not None:
                constant = opset8.constant(values.astype(node.get_output_element_type(0).to_dtype()))
                for target in node.output(0).get_target_inputs():
                    target.replace_source_output(constant.output(0))


def _set_free(model: Any, image: Input, stride: int, name: str) -> None:
    """Let a graph take any image size where it gives as many scores for a larger one, too."""
    height, width = image.size
    scores = static_shape(model.outputs[0])
    try:
        model.reshape(image.shape(height + 2 * stride, width + stride))
        check_memory(model, name)
        if static_shape(model.outputs[0]) == scores:
            model.reshape(image.shape(-1, -1))
            return
    except (RuntimeError, ModelError):
        pass
    model.reshape(image.shape(height, width))
