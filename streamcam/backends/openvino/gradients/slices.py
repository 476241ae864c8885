"""Rules of operations that take parts of a tensor, or put parts together."""

from __future__ import annotations

from typing import Any

import numpy as np

from streamcam.backends.openvino.gradients.rules import (
    constant,
    integers,
    ops,
    reshaped,
    rule,
    shape_of,
    unsupported,
    value_of,
)


@rule("Concat")
def concatenation(node: Any, gradient: Any, at: int) -> Any:
    """To each its part."""
    axis = int(node.get_attributes()["axis"]) % len(shape_of(gradient))
    sizes = [shape_of(source)[axis] for source in node.input_values()]
    start = sum(sizes[:at])
    bounds = [integers([n]) for n in (start, start + sizes[at], 1, axis)]
    return ops().slice(gradient, *bounds).output(0)


@rule("Split", "VariadicSplit")
def split(node: Any, gradient: Any, at: int) -> Any:
    """Put together again, zeros for parts that nothing came of."""
    if at:
        return None
    x = node.input_value(0)
    axis = int(value_of(node.input_value(1), node)) % len(shape_of(x))
    parts = [
        constant(np.zeros(shape_of(node.output(i))), x) if part is None else part for i, part in enumerate(gradient)
    ]
    return ops().concat(parts, axis).output(0)


@rule("Pad")
def pad(node: Any, gradient: Any, at: int) -> Any:
    """What was padded is cut off."""
    if at:
        return None
    mode = str(node.get_attributes()["pad_mode"]).lower()
    if mode != "constant":
        raise unsupported(node, f" in the mode {mode}")
    sizes = shape_of(node.input_value(0))
    before = [int(n) for n in value_of(node.input_value(1), node)]
    axes = list(range(len(sizes)))
    if any(n < 0 for n in (*before, *(int(n) for n in value_of(node.input_value(2), node)))):
        raise unsupported(node, " by less than nothing")
    ends = [start + size for start, size in zip(before, sizes, strict=True)]
    return ops().slice(gradient, integers(before), integers(ends), integers([1] * len(axes)), integers(axes)).output(0)


@rule("Slice")
def slice_(node: Any, gradient: Any, at: int) -> Any:
    """Put back to where it was taken, zeros around it."""
    if at:
        return None
    x = node.input_value(0)
    starts, stops, steps, *more = [value_of(source, node).astype(int).ravel() for source in node.input_values()[1:]]
    axes = more[0] if more else np.arange(len(starts))
    parts = {int(a): slice(*_bounds(b, e, s)) for a, b, e, s in zip(axes, starts, stops, steps, strict=True)}
    return _put_back(gradient, x, {axis % len(shape_of(x)): part for axis, part in parts.items()})


@rule("StridedSlice")
def strided_slice(node: Any, gradient: Any, at: int) -> Any:
    """Put back to where it was taken, zeros around it."""
    if at:
        return None
    x = node.input_value(0)
    shape, attributes = shape_of(x), node.get_attributes()
    starts, stops = (value_of(node.input_value(i), node).astype(int) for i in (1, 2))
    steps = value_of(node.input_value(3), node).astype(int) if node.get_input_size() > 3 else np.ones_like(starts)
    masks = {name: [*attributes.get(f"{name}_mask", [])] for name in _MASKS}

    def is_set(name: str, i: int) -> bool:
        return i < len(masks[name]) and bool(masks[name][i])

    parts: dict[int, slice] = {}
    kept: list[int] = []
    axis = 0
    for i in range(len(starts)):
        if is_set("ellipsis", i):
            news = sum(is_set("new_axis", j) for j in range(i + 1, len(starts)))
            axis = len(shape) - (len(starts) - i - 1 - news)
            continue
        if is_set("new_axis", i):
            continue
        if is_set("shrink_axis", i):
            at_place = int(starts[i]) % shape[axis]
            parts[axis] = slice(at_place, at_place + 1)
        else:
            start = None if is_set("begin", i) else int(starts[i])
            stop = None if is_set("end", i) else int(stops[i])
            parts[axis] = slice(start, stop, int(steps[i]))
        axis += 1
    kept = [len(range(*parts[a].indices(n))) if a in parts else n for a, n in enumerate(shape)]
    return _put_back(reshaped(gradient, kept), x, parts)


_MASKS = ("begin", "end", "new_axis", "shrink_axis", "ellipsis")


@rule("Gather")
def gather(node: Any, gradient: Any, at: int) -> Any:
    """Put back to where it was taken, added up where it was taken twice: a product with ones and zeros."""
    if at:
        return None
    x = node.input_value(0)
    shape = shape_of(x)
    if int(node.get_attributes().get("batch_dims", 0)):
        raise unsupported(node, " in batches")
    taken = value_of(node.input_value(1), node).astype(int)
    axis = int(value_of(node.input_value(2), node)) % len(shape)
    places = taken.ravel() % shape[axis]
    flat = reshaped(gradient, (*shape[:axis], places.size, *shape[axis + 1 :]))
    return _scattered(flat, x, axis, places)


def _put_back(gradient: Any, x: Any, parts: dict[int, slice]) -> Any:
    shape = shape_of(x)
    before, after = [0] * len(shape), [0] * len(shape)
    for axis, part in parts.items():
        places = np.arange(shape[axis])[part]
        if len(places) and not np.array_equal(places, np.arange(places[0], places[0] + len(places))):
            gradient = _scattered(gradient, x, axis, places)
        elif len(places):
            before[axis], after[axis] = int(places[0]), int(shape[axis] - places[-1] - 1)
    if not any((*before, *after)):
        return gradient
    return ops().pad(gradient, integers(before), integers(after), "constant", constant(0.0, x)).output(0)


def _scattered(gradient: Any, x: Any, axis: int, places: Any) -> Any:
    """Each slice along an axis at its place, zeros elsewhere."""
    size, rank = shape_of(x)[axis], len(shape_of(gradient))
    matrix = np.zeros((size, len(places)), np.float32)
    matrix[places, np.arange(len(places))] = 1  # a place that was taken twice has two columns
    order = [i for i in range(rank) if i != axis] + [axis]
    last = ops().transpose(gradient, integers(order))
    spread = ops().matmul(last, constant(matrix.T, x), False, False)
    return ops().transpose(spread, integers([int(i) for i in np.argsort(order)])).output(0)


def _bounds(start: int, stop: int, step: int) -> tuple[int | None, int | None, int]:
    """Of a Python slice; ends beyond the tensor, also before its beginning, are what ONNX writes for "all"."""
    if step < 0 and stop < -(2**30):
        return int(start), None, int(step)
    return int(start), int(stop), int(step)
