"""A video classifier in two stages: what it does to each frame by itself, and what it makes of all of them.

Where clips overlap, the first stage is computed once for each frame rather than once for each clip. Where it ends is found
by trying: the graph is cut at a tensor that everything passes through, and the frames of a clip in which things move are given
to what lies before it one by one. It is the last such tensor that comes out the same, and not the same for each frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from streamcam.backends.errors import SizeError
from streamcam.backends.openvino.engine import core
from streamcam.backends.openvino.fed import prepared_of
from streamcam.backends.openvino.forward import Forward, of_size, shape_for
from streamcam.backends.openvino.function import ExplainFunction, explain_function
from streamcam.backends.openvino.gradients.rules import ops, shape_of
from streamcam.backends.recipe import Recipe
from streamcam.models.layers import choose_layers
from streamcam.photographs import varied
from streamcam.system.libraries import load_openvino
from streamcam.types import Float32Array

_ALIKE = 1e-5  # of the largest number
_DIFFERENT = 1e-2  # of the largest number, between two frames


class Stages(NamedTuple):
    """Both of them.

    Attributes:
        frame: an ``openvino.Model`` from ``(height, width, 3)`` uint8 BGR to what is kept of a frame.
        function: from what was kept of each frame of a clip, and the targets, to what a Grad-CAM function gives.
    """

    frame: Any
    function: ExplainFunction


def in_stages(forward: Forward, recipe: Recipe) -> Stages | None:
    """A function in two stages; None where the frames are not looked at one by one, or the maps lie beside that path."""
    if len(recipe.layers) > 1 or recipe.method == "recipro-cam":
        return None
    classifier, ov = recipe.classifier, load_openvino()
    channels = 1 if classifier.preprocessing.order == "gray" else 3
    shapes = [shape_for(forward.layout, recipe.size, channels, frames) for frames in (classifier.frames, 1)]
    try:
        whole = of_size(forward.model, shapes[0])
    except RuntimeError:
        return None
    [target] = choose_layers(forward.layers, recipe.layers, classifier.name)
    scores, *taps = (result.input_value(0) for result in whole.get_results())
    tap = taps[forward.layers.index(target)]
    [pixels] = whole.get_parameters()
    bottlenecks = _bottlenecks(pixels.output(0), scores)
    before = [tensor for tensor in bottlenecks if _lies_before(tensor, tap)]
    position = next((i for i, tensor in enumerate(before) if _is_same(tensor, tap)), None)

    moving = varied(*recipe.size, classifier.frames)[0]
    clip = classifier.preprocessing.prepare(moving)[np.newaxis]
    clip = np.ascontiguousarray(clip.transpose(["nthwc".index(axis) for axis in forward.layout]))

    def frame_by_frame(tensor: Any) -> Any:
        return _frame_by_frame(ov.Model([ops().result(tensor)], [pixels], "frame"), shapes, clip)

    at, frame = position, None if position is None else frame_by_frame(tap)
    if frame is None:
        if position is None and frame_by_frame(tap):
            return None  # the map is of each frame, but the scores depend on the frames in other ways too
        at, frame = _last(before, frame_by_frame)
    if frame is None or at is None:
        return None
    cut = ov.Model([*whole.get_results(), ops().result(before[at])], [pixels], "forward")
    try:
        function = explain_function(replace(forward, model=cut), recipe, cut=len(taps))
    except (RuntimeError, SizeError):  # OpenVINO: something else still depends on the frames
        return None
    return Stages(_fed(frame, forward, recipe), function)


def _bottlenecks(start: Any, end: Any) -> list[Any]:
    """The tensors between two that every path from the one to the other passes through, in the order of the graph."""
    first = start.get_node().get_name()
    order: list[Any] = []
    uses: dict[str, int] = {first: 0}  # how many of a node's consumers lie between the two
    for node in load_openvino().Model([ops().result(end)], [start.get_node()], "").get_ordered_ops():
        sources = [name for name in _sources(node) if name in uses]
        if sources and node.get_type_name() != "Result":
            order.append(node)
            uses[node.get_name()] = 0
            for name in sources:
                uses[name] += 1
    found, waited_for = [], {first: uses[first]}
    for node in order:
        for name in _sources(node):
            if name in waited_for:
                waited_for[name] -= 1
        waited_for = {name: count for name, count in waited_for.items() if count}
        if not waited_for and node.get_output_size() == 1:
            found.append(node.output(0))
        waited_for[node.get_name()] = uses[node.get_name()]
    return found


def _sources(node: Any) -> list[str]:
    return [source.get_node().get_name() for source in node.input_values()]


def _lies_before(tensor: Any, tap: Any) -> bool:
    """Whether a map is made from a tensor, or is that tensor."""
    waiting, seen = [tap.get_node()], set()
    while waiting:
        node = waiting.pop()
        if node.get_name() == tensor.get_node().get_name():
            return True
        if node.get_name() not in seen:
            seen.add(node.get_name())
            waiting += [source.get_node() for source in node.input_values()]
    return False


def _is_same(one: Any, other: Any) -> bool:
    return bool(one.get_node().get_name() == other.get_node().get_name())


def _last(tensors: Sequence[Any], try_: Any) -> tuple[int | None, Any]:
    """The last of the tensors that can be had frame by frame, and the model of it; once it cannot, it never can again."""
    low, high = 0, len(tensors)
    found: tuple[int | None, Any] = None, None
    while low < high:
        middle = (low + high) // 2
        if (model := try_(tensors[middle])) is not None:
            found, low = (middle, model), middle + 1
        else:
            high = middle
    return found


def _frame_by_frame(model: Any, shapes: Sequence[Sequence[int]], clip: Float32Array) -> Any | None:
    """The model for one frame, where it gives of each what it gives of all at once; else None.

    Args:
        model: of a clip.
        shapes: of its input for a clip, and for one frame.
        clip: an input on which what it gives differs from frame to frame: else nothing is proved.
    """
    axis = [a != b for a, b in zip(*shapes, strict=True)].index(True)
    frames = shapes[0][axis]
    try:
        single = of_size(model, shapes[1])
    except RuntimeError:
        return None
    if single.outputs[0].get_partial_shape().is_dynamic or not _has_time_first(
        shape_of(model.outputs[0]), shape_of(single.outputs[0]), frames
    ):
        return None
    all_at_once, alone = (core().compile_model(m, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}) for m in (model, single))
    expected: Float32Array = np.asarray(all_at_once(clip)[0], np.float32).reshape(frames, -1)
    largest = float(np.abs(expected).max())
    if float(np.ptp(expected, axis=0).max()) <= _DIFFERENT * largest:
        return None
    for number in {0, frames // 2, frames - 1}:
        found = np.asarray(alone(np.take(clip, [number], axis))[0], np.float32).ravel()
        if np.abs(found - expected[number]).max() > _ALIKE * largest:
            return None
    return single


def _has_time_first(of_clip: Sequence[int], of_frame: Sequence[int], frames: int) -> bool:
    """Whether a tensor has as many rows for a clip as frames, behind axes of one, and is else as for one frame."""
    if len(of_clip) != len(of_frame):
        return False
    differs = [axis for axis, (a, b) in enumerate(zip(of_clip, of_frame, strict=True)) if a != b]
    return len(differs) == 1 and of_clip[differs[0]] == frames and all(n == 1 for n in of_frame[: differs[0] + 1])


def _fed(frame: Any, forward: Forward, recipe: Recipe) -> Any:
    """The first stage with preprocessing before it."""
    [pixels] = frame.get_parameters()
    image = ops().parameter([1, *recipe.size, 3], np.uint8, name="image")
    prepared = prepared_of(image, recipe.classifier.preprocessing, forward.layout, pixels)
    for consumer in pixels.output(0).get_target_inputs():
        consumer.replace_source_output(prepared)
    return load_openvino().Model(frame.get_results(), [image], "frame")
