"""What the rules share: the table of them, constants, shapes, and the undoing of a broadcast.

A rule is ``(node, gradient, at) -> gradient of input number at``, None where nothing flows. ``gradient`` is an
``openvino.Output`` of the node's output; of an operation with several outputs it is a list with None where no gradient
has come.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from streamcam.backends.errors import UnsupportedOperationError
from streamcam.system.libraries import load_openvino

Rule: TypeAlias = Callable[[Any, Any, int], Any]

RULES: dict[str, Rule] = {}


def unsupported(node: Any, detail: str = "") -> UnsupportedOperationError:
    """The error that names an operation without a rule."""
    return UnsupportedOperationError(
        f"no gradient is known for the operation {node.get_type_name()}{detail}, {node.get_friendly_name()}; "
        "--method recipro-cam needs none"
    )


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Register a rule for operations of these types."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, function))
        return function

    return register


@cache
def ops() -> Any:
    """OpenVINO's operations."""
    load_openvino()
    from openvino import opset15

    return opset15


def shape_of(output: Any) -> tuple[int, ...]:
    """The static shape of a tensor."""
    return tuple(output.get_shape())


def constant(value: Any, like: Any) -> Any:
    """A constant of the element type of another tensor."""
    return ops().constant(np.asarray(value), dtype=like.get_element_type()).output(0)


def own(output: Any, order: Sequence[int]) -> Any:
    """A tensor with its axes in another order, or the same; a constant one as a constant of its own.

    OpenVINO 2026.4 remembers weights by the constant that they come from: where a square one is used as it is and
    transposed, by a dense layer or a strided convolution and its gradient, it takes the one for the other.
    """
    source = output.get_node()
    if source.get_type_name() == "Constant":
        data = np.ascontiguousarray(np.asarray(source.get_data()).transpose(order))
        return ops().constant(data, dtype=output.get_element_type()).output(0)
    return output if [*order] == [*range(len(order))] else ops().transpose(output, integers(list(order))).output(0)


def integers(values: Sequence[int] | int) -> Any:
    """A constant of whole numbers: axes, shapes, positions."""
    return ops().constant(np.asarray(values, np.int64)).output(0)


def value_of(output: Any, node: Any) -> Any:
    """The value of an input that must be known: an axis, a shape, a window.

    Raises:
        UnsupportedOperationError: it is computed.
    """
    source = output.get_node()
    while source.get_type_name() in ("Convert", "Identity"):
        source = source.input_value(0).get_node()
    if source.get_type_name() != "Constant":
        raise unsupported(node, " with a computed argument")
    return np.asarray(source.get_data())


def reshaped(output: Any, shape: Sequence[int]) -> Any:
    """A tensor in another shape."""
    if shape_of(output) == tuple(shape):
        return output
    return ops().reshape(output, integers(list(shape)), False).output(0)


def unbroadcast(gradient: Any, shape: Sequence[int]) -> Any:
    """The gradient of a tensor that was broadcast: summed over the axes along which it was repeated."""
    given = shape_of(gradient)
    if given == tuple(shape):
        return gradient
    extra = len(given) - len(shape)
    axes = [*range(extra)]
    axes += [extra + i for i, size in enumerate(shape) if size == 1 and given[extra + i] != 1]
    if axes:
        gradient = ops().reduce_sum(gradient, integers(axes), True).output(0)
    return reshaped(gradient, shape)


def spread(output: Any, shape: Sequence[int]) -> Any:
    """A tensor repeated along the axes on which it is 1. By a product: OpenVINO's own broadcast takes ten times as long."""
    ones = [wanted if given == 1 else 1 for given, wanted in zip(shape_of(output), shape, strict=True)]
    return ops().multiply(output, constant(np.ones(ones), output)).output(0)


def multiply(*factors: Any) -> Any:
    """A product of tensors, from left to right."""
    product = factors[0]
    for factor in factors[1:]:
        product = ops().multiply(product, factor).output(0)
    return product


def where(condition: Any, gradient: Any) -> Any:
    """A gradient where a condition holds, zero elsewhere."""
    return multiply(gradient, ops().convert(condition, gradient.get_element_type()).output(0))


def as_float32(x: Any) -> Any:
    """A tensor in single precision."""
    return ops().convert(x, np.float32).output(0)
