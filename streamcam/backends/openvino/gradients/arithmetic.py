"""Rules of sums, products and powers, and of matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

from streamcam.backends.openvino.gradients.rules import (
    constant,
    multiply,
    ops,
    own,
    reshaped,
    rule,
    shape_of,
    unbroadcast,
    unsupported,
    value_of,
    where,
)


def _back(node: Any, gradient: Any, at: int) -> Any:
    return unbroadcast(gradient, shape_of(node.input_value(at)))


@rule("Add")
def add(node: Any, gradient: Any, at: int) -> Any:
    """``d(a + b) = da + db``."""
    return _back(node, gradient, at)


@rule("Subtract")
def subtract(node: Any, gradient: Any, at: int) -> Any:
    """``d(a - b) = da - db``."""
    return _back(node, ops().negative(gradient).output(0) if at else gradient, at)


@rule("Multiply")
def product(node: Any, gradient: Any, at: int) -> Any:
    """``d(a b) = b da + a db``."""
    return _back(node, multiply(gradient, node.input_value(1 - at)), at)


@rule("Divide")
def divide(node: Any, gradient: Any, at: int) -> Any:
    """``d(a / b) = da / b - (a / b) db / b``."""
    passed = ops().divide(gradient, node.input_value(1)).output(0)
    if at:
        passed = ops().negative(multiply(passed, node.output(0))).output(0)
    return _back(node, passed, at)


@rule("Power")
def power(node: Any, gradient: Any, at: int) -> Any:
    """``d(a^c) = c a^(c - 1) da``, for a constant ``c``."""
    if at:
        raise unsupported(node, " with a computed exponent")
    base, exponent = node.input_value(0), value_of(node.input_value(1), node).astype(np.float32)
    lower = ops().power(base, constant(exponent - 1, base)).output(0)
    return _back(node, multiply(gradient, lower, constant(exponent, base)), at)


@rule("SquaredDifference")
def squared_difference(node: Any, gradient: Any, at: int) -> Any:
    """``d((a - b)^2) = 2 (a - b) (da - db)``."""
    a, b = node.input_values()
    difference = ops().subtract(*((b, a) if at else (a, b))).output(0)
    return _back(node, multiply(gradient, difference, constant(2.0, a)), at)


@rule("Maximum", "Minimum")
def extreme(node: Any, gradient: Any, at: int) -> Any:
    """To the one that was taken; to the first where both are equal."""
    a, b = node.input_values()
    first = ops().greater_equal(a, b) if node.get_type_name() == "Maximum" else ops().less_equal(a, b)
    return _back(node, where(ops().logical_not(first) if at else first, gradient), at)


@rule("Select")
def select(node: Any, gradient: Any, at: int) -> Any:
    """To the one that was taken."""
    condition = node.input_value(0)
    if at == 0:
        return None
    return _back(node, where(condition if at == 1 else ops().logical_not(condition), gradient), at)


@rule("MatMul")
def matmul(node: Any, gradient: Any, at: int) -> Any:
    """``dA = G B^T`` and ``dB = A^T G``, for every matrix of a batch."""
    a, b = node.input_values()
    attributes = node.get_attributes()
    flip_a, flip_b = bool(attributes["transpose_a"]), bool(attributes["transpose_b"])
    shape_a, shape_b = shape_of(a), shape_of(b)
    # A vector is a matrix of one row, or of one column on the right.
    rows = reshaped(a, (1, *shape_a)) if len(shape_a) == 1 else a
    columns = reshaped(b, (*shape_b, 1)) if len(shape_b) == 1 else b
    flip_a, flip_b = flip_a and len(shape_a) > 1, flip_b and len(shape_b) > 1
    given = list(shape_of(gradient))
    if len(shape_a) == 1:
        given.insert(len(given) - (len(shape_b) > 1), 1)
    if len(shape_b) == 1:
        given.append(1)
    gradient = reshaped(gradient, given)
    if at == 0:
        passed = (
            ops().matmul(_turned(columns, turn=flip_b), gradient, False, True)
            if flip_a
            else ops().matmul(gradient, _turned(columns, turn=not flip_b), False, False)
        )
        return reshaped(unbroadcast(passed.output(0), shape_of(rows)), shape_a)
    passed = (
        ops().matmul(gradient, _turned(rows, turn=flip_a), True, False)
        if flip_b
        else ops().matmul(_turned(rows, turn=not flip_a), gradient, False, False)
    )
    return reshaped(unbroadcast(passed.output(0), shape_of(columns)), shape_b)


def _turned(matrix: Any, *, turn: bool) -> Any:
    """A matrix, transposed or not."""
    rank = len(shape_of(matrix))
    order = [*range(rank - 2), rank - 1, rank - 2] if turn else [*range(rank)]
    return own(matrix, order)


@rule("Einsum")
def einsum(node: Any, gradient: Any, at: int) -> Any:
    """The sum with the gradient in the place of the input, and the input's indices as what is wanted."""
    given, wanted = node.get_attributes()["equation"].replace(" ", "").split("->")
    terms = given.split(",")
    others = [
        (term, source) for i, (term, source) in enumerate(zip(terms, node.input_values(), strict=True)) if i != at
    ]
    known = {*wanted, *"".join(term for term, _ in others)}
    if "." in given or len({*terms[at]}) != len(terms[at]) or not {*terms[at]} <= known:
        raise unsupported(node, f" {given}->{wanted}")
    equation = ",".join([wanted, *(term for term, _ in others)]) + "->" + terms[at]
    return ops().einsum([gradient, *(source for _, source in others)], equation).output(0)
