"""Where the image goes into a graph, and where the scores come out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from streamcam.backends.openvino.forward import shape_for
from streamcam.backends.openvino.reasons import reason_of
from streamcam.backends.openvino.walk import behind, constant_of, names_of, static_shape
from streamcam.choices import InputLayout
from streamcam.errors import ModelError
from streamcam.models.classifier import USUAL_FRAMES

# Sizes that networks of free input size were trained for; the first that the graph takes is used.
_USUAL_SIZES = (224, 256, 299, 384, 192, 128, 96, 64, 32)
_TYPES = frozenset({"f32", "f16", "bf16", "f64", "u8", "i8"})
_MOST_BYTES = 2 * 1024**3  # of one tensor


@dataclass(frozen=True, slots=True)
class Input:
    """The image input of a graph, whose shape is set to a batch of one.

    Attributes:
        parameter: its node.
        layout: where height, width and channels are.
        size: ``(height, width)`` in pixels.
        channels: 1 or 3.
        open: whether the file leaves the size open.
        values: the least and the greatest value that a quantised input could hold, or None.
        frames: of a clip, 0 where it takes one picture.
    """

    parameter: Any
    layout: InputLayout
    size: tuple[int, int]
    channels: int
    open: bool
    values: tuple[float, float] | None = None
    frames: int = 0

    def shape(self, height: int, width: int) -> list[int]:
        """The shape for an image size; -1 for one that is free."""
        return shape_for(self.layout, (height, width), self.channels, self.frames)

    @property
    def picture(self) -> tuple[int, ...]:
        """``(height, width, 3)`` of a picture for it, or ``(T, height, width, 3)`` of a clip."""
        return (self.frames, *self.size, 3) if self.frames else (*self.size, 3)


def settle_input(model: Any, name: str) -> Input:
    """Find the image input of a graph, and set its shape.

    Raises:
        ModelError: it has several inputs, or the one it has takes no image.
    """
    parameters = model.get_parameters()
    found = ", ".join(f"{p.get_friendly_name()} {p.get_partial_shape()}" for p in parameters) or "none"
    if len(parameters) != 1:
        raise ModelError(f"{name}: takes {len(parameters)} inputs ({found}); an image classifier takes one image")
    (parameter,) = parameters
    kind = parameter.get_element_type().get_type_name()
    if kind not in _TYPES:
        raise ModelError(
            f"{name}: takes input of type {kind} ({found}); an image is of floating point or 8-bit numbers"
        )
    reason = ""
    for way in readings(parameter.get_partial_shape(), parameter, last=_layout_of(parameter).endswith("C")):
        try:
            model.reshape(way.shape(*way.size))
        except RuntimeError as error:
            reason = reason or reason_of(error)
            continue
        check_memory(model, name)
        return _dequantised(model, way)
    if reason:
        raise ModelError(f"{name}: takes no single image as input {found} ({reason})")
    raise ModelError(
        f"{name}: takes input of shape {found}; an image classifier takes (batch, height, width, 1 or 3) "
        "or (batch, 1 or 3, height, width), a video classifier has the time before these or behind the channels"
    )


def readings(shape: Any, parameter: Any, *, last: bool) -> Iterator[Input]:
    """The ways to take an input for an image, the likeliest first.

    Args:
        shape: an ``openvino.PartialShape``.
        parameter: the input's node.
        last: whether the channels are likelier the last than the second dimension, where both could be.
    """
    if shape.rank.is_dynamic:
        return
    sizes = [None if d.is_dynamic else d.get_length() for d in shape]
    if len(sizes) == 5:
        yield from _readings_of_clips(sizes, parameter)
        return
    if len(sizes) == 3 and sizes[0] in (None, 1):
        ways: list[tuple[InputLayout, int, int | None, int | None]] = [("nhw", 1, sizes[1], sizes[2])]
    elif len(sizes) == 4:
        _, *rest = sizes
        first, *end = rest
        *start, end_of_all = rest
        said: tuple[int, ...] = tuple(count for count in (3, 1) if count in (first, end_of_all))
        ways = []
        for count in said or (3, 1):
            wanted = (count,) if said else (None,)
            ways += [("nchw", count, end[0], end[1])] if first in wanted else []
            ways += [("nhwc", count, start[0], start[1])] if end_of_all in wanted else []
        if last:
            ways.sort(key=lambda way: way[0] != "nhwc")
    else:
        return
    for layout, channels, height, width in ways:
        usual = [side for side in (height, width) if side] or _USUAL_SIZES
        for side in usual[:1] if height and width else usual:
            yield Input(parameter, layout, (height or side, width or side), channels, not (height and width))


def _readings_of_clips(sizes: list[int | None], parameter: Any) -> Iterator[Input]:
    """The same, for a clip: where the channels are, time and height and width follow."""
    layouts: tuple[InputLayout, ...] = ("nthwc", "ncthw", "ntchw")
    for layout in layouts:
        known = dict(zip(layout, sizes, strict=True))
        channels, height, width = known["c"], known["h"], known["w"]
        if channels not in (1, 3):
            continue
        usual = [side for side in (height, width) if side] or _USUAL_SIZES
        for side in usual[:1] if height and width else usual:
            size, is_open = (height or side, width or side), not (height and width)
            yield Input(parameter, layout, size, channels, is_open, frames=known["t"] or USUAL_FRAMES)


def _layout_of(parameter: Any) -> str:
    """What the file says of the input's layout, as letters."""
    return "".join(c for c in str(parameter.get_layout()).upper() if c in "NCHW")


def check_memory(model: Any, name: str) -> None:
    """Refuse a graph with a tensor larger than any image classifier has. Raises ``ModelError``."""
    for node in model.get_ops():
        for output in node.outputs():
            shape = output.get_partial_shape()
            if shape.is_static and math.prod(shape.to_shape()) * 4 > _MOST_BYTES:
                raise ModelError(
                    f"{name}: has a tensor of shape {shape} ({node.get_friendly_name()}); no image classifier needs that much"
                )


def _dequantised(model: Any, found: Input) -> Input:
    """Let an input of quantised numbers take the values that they stand for, which are then quantised in the graph."""
    parameter = found.parameter
    if parameter.get_element_type().get_type_name() not in ("u8", "i8"):
        return found
    node = parameter
    while True:
        following = [target.get_node() for target in node.output(0).get_target_inputs()]
        if len(following) != 1 or following[0].get_type_name() not in ("Transpose", "Convert", "FakeQuantize"):
            return found
        (node,) = following
        if node.get_type_name() == "FakeQuantize":
            break
    low, high = (constant_of(node.input_value(i)) for i in (3, 4))
    if low is None or high is None or low.size != 1 or high.size != 1:
        return found
    from openvino import Type

    for i in (1, 2):
        node.input(i).replace_source_output(node.input_value(i + 2))
    parameter.set_element_type(Type.f32)
    model.validate_nodes_and_infer_types()
    values = float(low.item()), float(high.item())
    return Input(parameter, found.layout, found.size, found.channels, found.open, values, found.frames)


def find_scores(model: Any, output: str | int | None, name: str) -> Any:
    """The output that gives one score a class, without the quantisation at its end.

    Args:
        model: a graph whose input's shape is set.
        output: its name or its number, or None for the only one that looks like scores.
        name: of the model, in messages.

    Raises:
        ModelError: there is no such output, several, or it gives no scores.
    """
    results = model.outputs
    listed = ", ".join(_described(result) for result in results)
    if output is not None:
        chosen = [result for i, result in enumerate(results) if output == i or output in names_of(result)]
        if not chosen:
            raise ModelError(f"{name}: has no output {output}; it has {listed}")
    else:
        chosen = [result for result in results if is_scores(_unquantised(result))]
    if len(chosen) > 1:
        raise ModelError(f"{name}: has {len(chosen)} outputs that could be scores ({listed}); choose one by its name")
    scores = [found for found in map(_unquantised, chosen) if is_scores(found)]
    if not scores:
        raise ModelError(
            f"{name}: gives {listed}; a classifier gives (1, classes). A backbone without its head, a segmentation or "
            "a detection network decides nothing that could be explained"
        )
    return scores[0]


def _described(output: Any) -> str:
    return f"{names_of(output)[0]} {output.get_partial_shape()}"


def _unquantised(result: Any) -> Any:
    return behind(result.get_node().input_value(0), {"Convert", "FakeQuantize", "Identity"})


def is_scores(output: Any) -> bool:
    """Whether this is one number for each class: floating point, with no more than one dimension that is not 1."""
    shape = static_shape(output)
    if shape is None or not output.get_element_type().is_real():
        return False
    return math.prod(shape) > 0 and sum(side != 1 for side in shape) <= 1 and shape[:1] in ((1,), (math.prod(shape),))
