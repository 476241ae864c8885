"""Which tensors of an OpenVINO graph lie over the image like a map."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from streamcam.backends.openvino.walk import FORMS, constant_of, leads_to, static_shape, unique
from streamcam.errors import LayerError
from streamcam.models.layers import Layer, in_space_and_time, is_map

MOST_CLASS_TOKENS = 8  # a class token, one of distillation, registers (Darcet et al. 2024)

_NAMED = 3  # one tensor of so many has a name where files name them

_CHANNELS_FIRST = frozenset(
    {
        *("Convolution", "GroupConvolution", "ConvolutionBackpropData", "GroupConvolutionBackpropData"),
        *("DeformableConvolution", "MaxPool", "AvgPool", "AdaptiveMaxPool", "AdaptiveAvgPool"),
        *("BatchNormInference", "LRN", "DepthToSpace", "SpaceToDepth"),
    }
)
# What passes on what another node made, or part of it.
_PASSING = FORMS | {
    *("Pad", "Broadcast", "Tile", "Slice", "StridedSlice", "Gather", "Split", "VariadicSplit", "Roll"),
    *("BatchToSpace", "SpaceToBatch"),
}


class _Finder:
    """Goes through a graph in its order and notes the layout of each tensor that depends on the image."""

    def __init__(self, parameter: Any, layout: str, image: tuple[int, int], frames: int) -> None:
        self._image, self._frames = image, frames
        self._layouts: dict[str, str | None] = {parameter.get_name(): layout}
        self._grids: list[tuple[int, int]] = []  # heights and widths of the maps so far
        self._flattened: list[tuple[int, int]] = []  # of those that became rows of tokens

    def look(self, node: Any) -> tuple[int, ...] | None:
        """``(h, w, c)`` of a node's output where it lies over the image, with ``layout_of`` saying how."""
        if node.get_type_name() in ("Constant", "Parameter", "Result", "ShapeOf"):
            return None
        moving = [value for value in node.input_values() if value.get_node().get_name() in self._layouts]
        if not moving:
            return None
        shape = static_shape(node.output(0))
        layout = self._layout(node, moving, shape) if shape else None
        self._layouts[node.get_name()] = layout
        if shape is None or layout is None:
            return None
        found = self._placed(shape, layout)
        if found and layout != "tokens" and not self._frames:
            self._grids.append((found[0], found[1]))
        return found if node.output(0).get_element_type().is_real() else None

    def layout_of(self, node: Any) -> str:
        """How the tensor that ``look`` found is laid out."""
        return str(self._layouts[node.get_name()])

    def _layout(self, node: Any, moving: list[Any], shape: tuple[int, ...]) -> str | None:
        kind = node.get_type_name()
        if self._frames:
            return self._in_time(node, moving, shape)
        if len(shape) == 3 and shape[0] == 1:
            return self._row(moving, shape)
        if len(shape) != 4 or shape[0] != 1:
            return None
        if kind in _CHANNELS_FIRST:
            return "nchw"
        if kind == "MatMul" and len(moving) > 1:
            return None
        known = [
            layout
            for value in moving
            if (layout := self._layouts[value.get_node().get_name()]) in ("nchw", "nhwc")
            and len(value.get_partial_shape()) == 4
        ]
        if kind == "Transpose" and known:
            order = constant_of(node.input_value(1))
            turned = {"nchw": (0, 2, 3, 1), "nhwc": (0, 3, 1, 2)}[known[0]]
            other = {"nchw": "nhwc", "nhwc": "nchw"}[known[0]]
            return other if order is not None and tuple(order.ravel()) == turned else None
        if known and kind != "Reshape":
            return known[0]
        if shape[1:3] in self._grids:
            return "nhwc"
        return "nchw" if shape[2:4] in self._grids else None

    def _in_time(self, node: Any, moving: list[Any], shape: tuple[int, ...]) -> str | None:
        """The same, where there is time: an axis of its own, or in place of the batch."""
        kind, rank = node.get_type_name(), len(shape)
        if rank not in (4, 5) or (rank == 5) != (shape[0] == 1):
            return None
        if kind in _CHANNELS_FIRST:
            return "ncthw" if rank == 5 else "nchw"
        before = [
            layout
            for value in moving
            if (layout := self._layouts[value.get_node().get_name()]) and len(value.get_partial_shape()) == rank
        ]
        if kind == "Transpose" and before:
            order = constant_of(node.input_value(1))
            turned = "" if order is None else "".join(before[0][axis] for axis in order.ravel())
            return turned if turned in ("ncthw", "nthwc", "nchw", "nhwc") else None
        if before and kind != "Reshape":
            return before[0]
        flattened = {"ntchw": "nchw", "nthwc": "nhwc"}  # each frame a picture of the batch
        for value in moving:
            layout, old = self._layouts[value.get_node().get_name()], static_shape(value)
            if rank == 4 and old and len(old) == 5 and old[2:] == shape[1:] and layout in flattened:
                return flattened[layout]
        return None

    def _row(self, moving: list[Any], shape: tuple[int, ...]) -> str | None:
        """Of a tensor with three dimensions: whether its middle one is the places of a map, after any class tokens."""
        for value in moving:
            layout, before = self._layouts[value.get_node().get_name()], static_shape(value)
            if layout in ("nchw", "nhwc") and before and len(before) == 4 and (found := self._placed(before, layout)):
                self._flattened.append((found[0], found[1]))
        is_attention = shape[1] == shape[2]  # of each place to each
        return "tokens" if self._grid_of(shape[1]) and not is_attention else None

    def _grid_of(self, count: int) -> tuple[int, int] | None:
        fitting = [grid for grid in self._flattened if 0 <= count - grid[0] * grid[1] <= MOST_CLASS_TOKENS]
        return min(reversed(fitting), key=lambda grid: count - grid[0] * grid[1]) if fitting else None

    def _placed(self, shape: tuple[int, ...], layout: str) -> tuple[int, ...] | None:
        if self._frames:
            found = in_space_and_time(shape, layout)
            is_there = found and found[0][0] <= self._frames and is_map((found[0][1], found[0][2]), self._image)
            return (*found[0], found[1]) if found and is_there else None
        if layout == "tokens":
            grid = self._grid_of(shape[1])
            return (*grid, shape[2]) if grid else None
        place = (*shape[2:4], shape[1]) if layout == "nchw" else shape[1:4]
        return place if is_map((place[0], place[1]), self._image) else None


def find_layers(graph: Any, layout: str, image: tuple[int, int], name: str, frames: int = 0) -> list[tuple[Any, Layer]]:
    """The spatial tensors that scores depend on, in the order of the network, the default target last.

    Args:
        graph: with the scores as its only output and static shapes.
        layout: of its input.
        image: ``(height, width)`` of its input.
        name: of the model, in messages.
        frames: of a clip, 0 where the input is one picture.

    Raises:
        LayerError: it has none.
    """
    finder = _Finder(graph.get_parameters()[0], layout, image, frames)
    found: list[tuple[Any, Layer]] = []
    taken: set[str] = set()
    for node in graph.get_ordered_ops():
        shape = finder.look(node)
        if shape is None or node.get_type_name() in _PASSING:
            continue
        path = unique(_path(node), taken.__contains__)
        taken.add(path)
        found.append((node.output(0), Layer(path, node.get_type_name(), shape, finder.layout_of(node))))
    if not found:
        raise LayerError(
            f"{name}: no operation has a spatial map (height x width x channels), so there is no place to show; "
            "Grad-CAM needs a convolutional network, or a transformer over patches"
        )
    return _without_spent_tokens(_named(found), graph)


def _path(node: Any) -> str:
    """The name of a node's tensor, or the node's own where exporters make up the tensor's (``495``, ``Relu_output_0``)."""
    for name in sorted(node.output(0).get_names()):
        if not re.search(r"^\d+$|_output_\d+$", name):
            return str(name.lstrip("/") or name)
    name = node.get_friendly_name()
    return str(name.lstrip("/") or name)


def _named(found: list[tuple[Any, Layer]]) -> list[tuple[Any, Layer]]:
    """Those that the file itself names. OpenVINO makes several operations of one, and its own files may name no tensor."""
    named = [(output, layer) for output, layer in found if output.get_names()]
    if len(named) * _NAMED >= len(found):
        return named
    return [
        (output, layer)
        for output, layer in found
        if output.get_names() or not re.fullmatch(rf"{layer.kind}_\d+|.*/WithoutBiases", layer.path)
    ] or found


def _without_spent_tokens(layers: list[tuple[Any, Layer]], graph: Any) -> list[tuple[Any, Layer]]:
    """Leave out the tokens at the end of a transformer that decides by its class token.

    After the last attention the scores depend on the class token alone, and no place has a gradient. The last tensor
    that all of this attention is computed from (the normalised input of the last block) is the last that shows places.
    """
    output, last = layers[-1]
    if len(last.grid) == 3:
        return layers
    height, width = last.grid
    if last.layout != "tokens" or static_shape(output) is None or output.get_shape()[1] == height * width:
        return layers
    mixing = [node for node in graph.get_ordered_ops() if _mixes(node, graph)]
    if not mixing:
        return layers
    (image,) = graph.get_parameters()
    usual = Counter(layer.shape[-1] for _, layer in layers if layer.layout == "tokens").most_common(1)[0][0]
    for i in range(len(layers) - 1, -1, -1):
        output, layer = layers[i]
        if layer.layout != "tokens" or layer.shape[-1] == usual:
            node = output.get_node()
            if node != mixing[-1] and leads_to(mixing[-1], node, image) and not leads_to(mixing[-1], image, node):
                return layers[: i + 1]
    return layers


def _mixes(node: Any, graph: Any) -> bool:
    """Whether this is an attention: it multiplies two tensors, both of which the image shapes."""
    kind = node.get_type_name()
    if kind == "ScaledDotProductAttention":
        return True
    if kind != "MatMul":
        return False
    (image,) = graph.get_parameters()
    return all(constant_of(value) is None and leads_to(value.get_node(), image, node) for value in node.input_values())
