"""The outputs of a graph that lie over the image like a map, and which of them the decision still depends on."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from streamcam.backends.errors import UnsupportedOperationError
from streamcam.backends.openvino.engine import core
from streamcam.backends.openvino.forward import Forward, of_size, shape_for
from streamcam.backends.openvino.gradients import gradients
from streamcam.backends.openvino.gradients.rules import integers, ops, shape_of
from streamcam.choices import InputLayout
from streamcam.models.layers import Candidate, Layer, lay_out
from streamcam.system.libraries import load_openvino

# The layout that a transposition gives, and the one that it takes.
_TURNS = {
    (0, 3, 1, 2): ("nchw", "nhwc"),
    (0, 2, 3, 1): ("nhwc", "nchw"),
    (0, 4, 1, 2, 3): ("ncthw", "nthwc"),
    (0, 2, 3, 4, 1): ("nthwc", "ncthw"),
}
_NOTHING = 1e-9  # of the largest gradient


def with_maps(
    model: Any,
    candidates: Sequence[Candidate],
    image: tuple[int, int],
    channels: int,
    layout: InputLayout,
    frames: int = 0,
) -> Forward:
    """Keep those candidates that are maps.

    Args:
        model: an ``openvino.Model``: its first output the scores, then one for each candidate.
        candidates: in the order of the network.
        image: ``(height, width)`` of the input in pixels that the network was built for.
        channels: of the input.
        layout: of the input.
        frames: of a clip, 0 for one picture.

    Raises:
        RuntimeError: the network takes no image of this size.
    """
    scores, *others = model.get_results()
    network = {node.get_name() for node in load_openvino().Model([scores], model.get_parameters(), "").get_ops()}
    outputs = [
        _on_the_way(result.input_value(0), candidate, network)
        for result, candidate in zip(others, candidates, strict=True)
    ]
    candidates = [candidate for _, candidate in outputs]
    model = load_openvino().Model(
        [scores, *(ops().result(output) for output, _ in outputs)], model.get_parameters(), "forward"
    )
    sized = of_size(model, shape_for(layout, image, channels, frames))
    partial = [output.get_partial_shape() for output in sized.outputs[1:]]
    shapes = [None if shape.is_dynamic else tuple(shape.to_shape()) for shape in partial]
    found = [*lay_out(candidates, shapes, image, attention=_attends(sized), frames=frames)]
    kept = [number for number, layer in enumerate(found) if layer]
    layers = [layer for layer in found if layer]
    results = model.get_results()
    smaller = load_openvino().Model(
        [results[0], *(results[1 + number] for number in kept)], model.get_parameters(), "forward"
    )
    forward = Forward(smaller, tuple(layers), layout)
    if not any(layer.layout == "tokens" for layer in layers):
        return forward
    return replace(forward, layers=_that_matter(forward, sized, kept))


def _on_the_way(tensor: Any, candidate: Candidate, network: Collection[str]) -> tuple[Any, Candidate]:
    """The tensor that the scores are made from, where this one is only that one transposed."""
    node = tensor.get_node()
    while node.get_name() not in network and node.get_type_name() == "Transpose":
        order = node.input_value(1).get_node()
        turned = _TURNS.get(tuple(order.get_data()) if order.get_type_name() == "Constant" else ())
        if turned is None or turned[0] != candidate.layout:
            break
        candidate = replace(candidate, layout=turned[1])
        tensor = node.input_value(0)
        node = tensor.get_node()
    return tensor, candidate


def _attends(model: Any) -> bool:
    """Whether anything but the output is a softmax: attention."""
    kinds = [node for node in model.get_ops() if node.get_type_name() in ("Softmax", "ScaledDotProductAttention")]
    return any(len(shape_of(node.output(0))) > 2 for node in kinds if node.get_output_partial_shape(0).is_static)


def _that_matter(forward: Forward, sized: Any, kept: Sequence[int]) -> tuple[Layer, ...]:
    """The layers, with those of tokens not shown whose patches no longer reach the scores.

    Behind the last attention only the class token does, where the head reads that alone.
    """
    results = sized.get_results()
    taps = [results[1 + number].input_value(0) for number in kept]
    score = results[0].input_value(0)
    weights = np.random.default_rng(0).standard_normal(tuple(shape_of(score))).astype(np.float32)
    last_map = max((i for i, layer in enumerate(forward.layers) if layer.layout != "tokens"), default=-1)
    try:
        found = gradients(score, ops().constant(weights).output(0), taps)
    except UnsupportedOperationError:
        return forward.layers
    sizes: list[Any] = []
    for layer, tap, gradient in zip(forward.layers, taps, found, strict=True):
        if gradient is None or layer.layout != "tokens":
            sizes.append(ops().constant(np.zeros((), np.float32)))
            continue
        total = shape_of(tap)[1]
        count = math.prod(layer.grid) // shape_of(tap)[0]
        patches = ops().slice(gradient, *(integers([n]) for n in (total - count, total, 1, 1)))
        sizes.append(ops().reduce_max(ops().absolute(patches), integers([0, 1, 2]), False))
    model = load_openvino().Model(
        [ops().result(size) for size in sizes], sized.get_parameters(), "what the scores depend on"
    )
    compiled = core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    shape = tuple(sized.inputs[0].get_shape())
    answer = compiled([np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)])
    reach = [float(answer[i]) for i in range(len(sizes))]
    least = _NOTHING * max(reach)
    return tuple(
        replace(layer, shown=layer.shown and (reach[i] > least if layer.layout == "tokens" else i > last_map))
        for i, layer in enumerate(forward.layers)
    )
