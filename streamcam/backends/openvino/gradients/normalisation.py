"""Rules of layers that bring activations to a common scale."""

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
    unsupported,
    value_of,
)


def normalised(gradient: Any, y: Any, deviation: Any, axes: list[int]) -> Any:
    """``(g - mean(g) - y mean(g y)) / s`` for ``y = (x - mean(x)) / s`` (Ioffe and Szegedy 2015, arXiv:1502.03167).

    Args:
        gradient: ``g``, of the shape of ``y``.
        y: what is normalised.
        deviation: ``s``, with the axes kept as 1.
        axes: over which mean and deviation were taken.
    """
    common = ops().reduce_mean(gradient, integers(axes), True)
    along = ops().reduce_mean(multiply(gradient, y), integers(axes), True).output(0)
    rest = ops().subtract(ops().subtract(gradient, common), multiply(y, along))
    return ops().divide(rest, deviation).output(0)


def _deviation(x: Any, axes: list[int], epsilon: float, *, inside: bool) -> Any:
    centred = ops().subtract(x, ops().reduce_mean(x, integers(axes), True)).output(0)
    variance = ops().reduce_mean(multiply(centred, centred), integers(axes), True)
    small = constant(epsilon, x)
    if inside:
        return ops().sqrt(ops().add(variance, small)).output(0)
    return ops().add(ops().sqrt(variance), small).output(0)


@rule("MVN")
def mean_variance(node: Any, gradient: Any, at: int) -> Any:
    """Mean and variance over given axes."""
    x = node.input_value(0)
    rank = len(shape_of(x))
    axes = sorted(int(axis) % rank for axis in np.atleast_1d(value_of(node.input_value(1), node)))
    attributes = node.get_attributes()
    if not attributes["normalize_variance"]:
        return ops().subtract(gradient, ops().reduce_mean(gradient, integers(axes), True)).output(0)
    inside = "inside" in str(attributes["eps_mode"]).lower()
    return normalised(gradient, node.output(0), _deviation(x, axes, float(attributes["eps"]), inside=inside), axes)


@rule("GroupNormalization")
def group(node: Any, gradient: Any, at: int) -> Any:
    """Mean and variance over the places and channels of a group (Wu and He 2018, arXiv:1803.08494)."""
    if at:
        raise unsupported(node, " with computed scales")
    x, scale = node.input_value(0), node.input_value(1)
    shape, attributes = shape_of(x), node.get_attributes()
    groups = int(attributes["num_groups"])
    grouped = (shape[0], groups, shape[1] // groups, *shape[2:])
    axes = list(range(2, len(grouped)))
    parts = reshaped(x, grouped)
    deviation = _deviation(parts, axes, float(attributes["epsilon"]), inside=True)
    centred = ops().subtract(parts, ops().reduce_mean(parts, integers(axes), True))
    y = ops().divide(centred, deviation).output(0)
    scaled = multiply(gradient, reshaped(scale, (1, shape[1], *(1 for _ in shape[2:]))))
    return reshaped(normalised(reshaped(scaled, grouped), y, deviation, axes), shape)


@rule("BatchNormInference")
def batch(node: Any, gradient: Any, at: int) -> Any:
    """``gamma / sqrt(variance + epsilon)``."""
    sources = node.input_values()
    # The data is the first input; in the operation's first version it was the third.
    data = 0 if len(shape_of(sources[0])) > 1 else 2
    if at != data:
        raise unsupported(node, " with computed scales")
    gamma = sources[1 if data == 0 else 0]
    variance, x = sources[4], sources[data]
    epsilon = constant(float(node.get_attributes()["epsilon"]), x)
    scale = ops().divide(gamma, ops().sqrt(ops().add(variance, epsilon))).output(0)
    return multiply(gradient, reshaped(scale, (1, -1, *(1 for _ in shape_of(x)[2:]))))


@rule("NormalizeL2")
def unit_length(node: Any, gradient: Any, at: int) -> Any:
    """``(g - y sum(g y)) / |x|``."""
    x, y = node.input_value(0), node.output(0)
    axes = integers([int(axis) for axis in np.atleast_1d(value_of(node.input_value(1), node))])
    attributes = node.get_attributes()
    squared = ops().reduce_sum(multiply(x, x), axes, True)
    small = constant(float(attributes["eps"]), x)
    whole = ops().maximum(squared, small) if str(attributes["eps_mode"]).lower() == "max" else ops().add(squared, small)
    along = ops().reduce_sum(multiply(gradient, y), axes, True).output(0)
    return ops().divide(ops().subtract(gradient, multiply(y, along)), ops().sqrt(whole)).output(0)


@rule("RMS")
def root_mean_square(node: Any, gradient: Any, at: int) -> Any:
    """``(h - x mean(h x) / r^2) / r`` with ``h = g scale``, ``r`` the root of the mean square (arXiv:1910.07467)."""
    if at:
        raise unsupported(node, " with computed scales")
    x = node.input_value(0)
    scaled = multiply(gradient, node.input_value(1))
    mean_square = ops().reduce_mean(multiply(x, x), integers([-1]), True)
    squared = ops().add(mean_square, constant(float(node.get_attributes()["epsilon"]), x)).output(0)
    along = ops().divide(ops().reduce_mean(multiply(scaled, x), integers([-1]), True), squared).output(0)
    return ops().divide(ops().subtract(scaled, multiply(x, along)), ops().sqrt(squared)).output(0)
