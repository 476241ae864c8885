"""Rules of operations that only move numbers, or repeat them."""

from __future__ import annotations

from typing import Any

import numpy as np

from streamcam.backends.openvino.gradients.rules import (
    integers,
    ops,
    reshaped,
    rule,
    shape_of,
    unbroadcast,
    value_of,
)


@rule("Reshape", "Squeeze", "Unsqueeze")
def reshape(node: Any, gradient: Any, at: int) -> Any:
    """The input's shape again."""
    return None if at else reshaped(gradient, shape_of(node.input_value(0)))


@rule("Transpose")
def transpose(node: Any, gradient: Any, at: int) -> Any:
    """The inverse order."""
    rank = len(shape_of(gradient))
    order = value_of(node.input_value(1), node).astype(int)
    order = order if order.size else np.arange(rank)[::-1]
    return ops().transpose(gradient, integers([int(i) for i in np.argsort(order)])).output(0)


@rule("Broadcast")
def broadcast(node: Any, gradient: Any, at: int) -> Any:
    """Summed over the copies."""
    x = node.input_value(0)
    if str(node.get_attributes().get("mode", "numpy")).lower() == "explicit":
        axes = [int(axis) for axis in value_of(node.input_value(2), node)]
        rest = [axis for axis in range(len(shape_of(gradient))) if axis not in axes]
        return reshaped(ops().reduce_sum(gradient, integers(rest), False).output(0), shape_of(x))
    return unbroadcast(gradient, shape_of(x))


@rule("Tile")
def tile(node: Any, gradient: Any, at: int) -> Any:
    """Summed over the copies."""
    shape = shape_of(node.input_value(0))
    repeats = [int(n) for n in value_of(node.input_value(1), node)]
    shape, repeats = (1,) * (len(repeats) - len(shape)) + shape, [1] * (len(shape) - len(repeats)) + repeats
    split = [n for pair in zip(repeats, shape, strict=True) for n in pair]
    copies = integers(list(range(0, len(split), 2)))
    summed = ops().reduce_sum(reshaped(gradient, split), copies, False).output(0)
    return reshaped(summed, shape_of(node.input_value(0)))


@rule("DepthToSpace", "SpaceToDepth")
def depth_and_space(node: Any, gradient: Any, at: int) -> Any:
    """The one undoes the other."""
    attributes = node.get_attributes()
    make = ops().space_to_depth if node.get_type_name() == "DepthToSpace" else ops().depth_to_space
    return make(gradient, str(attributes["mode"]), int(attributes["block_size"])).output(0)


@rule("SpaceToBatch")
def space_to_batch(node: Any, gradient: Any, at: int) -> Any:
    """Undone, with what was padded cut off."""
    return ops().batch_to_space(gradient, *node.input_values()[1:]).output(0)


@rule("BatchToSpace")
def batch_to_space(node: Any, gradient: Any, at: int) -> Any:
    """Undone, with what was cut off padded with zeros."""
    return ops().space_to_batch(gradient, *node.input_values()[1:]).output(0)
