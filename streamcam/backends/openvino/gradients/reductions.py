"""Rules of sums, means and maxima along axes, and of softmax."""

from __future__ import annotations

from typing import Any

import numpy as np

from streamcam.backends.openvino.gradients.rules import (
    constant,
    integers,
    multiply,
    ops,
    reshaped,
    rule,
    shape_of,
    spread,
    unsupported,
    value_of,
)


def _axes(node: Any) -> list[int]:
    rank = len(shape_of(node.input_value(0)))
    return sorted(int(axis) % rank for axis in np.atleast_1d(value_of(node.input_value(1), node)))


def _kept(output: Any, node: Any) -> Any:
    """A tensor of the reduced shape with the reduced axes still there, as 1."""
    axes = _axes(node)
    return reshaped(output, [1 if i in axes else n for i, n in enumerate(shape_of(node.input_value(0)))])


@rule("ReduceSum")
def total(node: Any, gradient: Any, at: int) -> Any:
    """To each the same."""
    return spread(_kept(gradient, node), shape_of(node.input_value(0)))


@rule("ReduceMean")
def mean(node: Any, gradient: Any, at: int) -> Any:
    """To each an equal share."""
    x = node.input_value(0)
    count = float(np.prod([shape_of(x)[axis] for axis in _axes(node)]))
    return spread(multiply(_kept(gradient, node), constant(1.0 / count, x)), shape_of(x))


@rule("ReduceMax", "ReduceMin")
def extreme(node: Any, gradient: Any, at: int) -> Any:
    """To those that are the extreme, shared equally, as TensorFlow has it."""
    x = node.input_value(0)
    chosen = ops().convert(ops().equal(x, _kept(node.output(0), node)), x.get_element_type())
    count = ops().reduce_sum(chosen, integers(_axes(node)), True)
    return multiply(chosen.output(0), ops().divide(_kept(gradient, node), count).output(0))


@rule("ReduceL2")
def length(node: Any, gradient: Any, at: int) -> Any:
    """``x / |x|``."""
    share = ops().divide(gradient, node.output(0)).output(0)
    return multiply(node.input_value(0), _kept(share, node))


@rule("Softmax")
def softmax(node: Any, gradient: Any, at: int) -> Any:
    """``y (g - sum(g y))``."""
    axis = _one_axis(node)
    y = node.output(0)
    mean_gradient = ops().reduce_sum(multiply(gradient, y), integers([axis]), True)
    return multiply(y, ops().subtract(gradient, mean_gradient).output(0))


@rule("LogSoftmax")
def log_softmax(node: Any, gradient: Any, at: int) -> Any:
    """``g - exp(y) sum(g)``."""
    summed = ops().reduce_sum(gradient, integers([_one_axis(node)]), True).output(0)
    return ops().subtract(gradient, multiply(ops().exp(node.output(0)).output(0), summed)).output(0)


@rule("TopK", "ArgMax", "NonZero", "ShapeOf", "OneHot")
def nothing(node: Any, gradient: Any, at: int) -> Any:
    """Positions and shapes do not change with what they are made from; the values of TopK have no rule."""
    if node.get_type_name() == "TopK" and gradient[0] is not None:
        raise unsupported(node)
    return None


@rule("Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual", "Sign", "Floor", "Round", "Ceiling")
def step(node: Any, gradient: Any, at: int) -> Any:
    """Flat wherever it has a slope at all."""
    return None


def _one_axis(node: Any) -> int:
    return int(node.get_attributes()["axis"]) % len(shape_of(node.output(0)))
