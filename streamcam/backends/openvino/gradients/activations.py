"""Rules of functions of one number at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from streamcam.backends.openvino.gradients.rules import (
    constant,
    multiply,
    ops,
    rule,
    shape_of,
    unbroadcast,
    unsupported,
    where,
)

_SQRT_2 = math.sqrt(2.0)
_TANH_GELU = math.sqrt(2.0 / math.pi), 0.044715  # Hendrycks and Gimpel 2016 (arXiv:1606.08415)


def _elementwise(*names: str) -> Callable[[Callable[[Any, Any, Any], Any]], Callable[[Any, Any, Any], Any]]:
    """Register ``(node, x, y) -> dy/dx`` for operations of the first input alone."""

    def register(derivative: Callable[[Any, Any, Any], Any]) -> Callable[[Any, Any, Any], Any]:
        @rule(*names)
        def passed(node: Any, gradient: Any, at: int) -> Any:
            if at:
                raise unsupported(node, " with a computed parameter")
            return multiply(gradient, derivative(node, node.input_value(0), node.output(0)))

        return derivative

    return register


def _is(condition: Any, like: Any) -> Any:
    return ops().convert(condition, like.get_element_type()).output(0)


def _plus(x: Any, number: float) -> Any:
    return ops().add(x, constant(number, x)).output(0)


def _times(x: Any, number: float) -> Any:
    return ops().multiply(x, constant(number, x)).output(0)


def _one_minus(x: Any) -> Any:
    return ops().subtract(constant(1.0, x), x).output(0)


def _positive(x: Any) -> Any:
    return ops().greater(x, constant(0.0, x)).output(0)


def _between(x: Any, low: float, high: float) -> Any:
    inside = ops().logical_and(ops().greater(x, constant(low, x)), ops().less(x, constant(high, x)))
    return _is(inside, x)


@rule("Relu")
def relu(node: Any, gradient: Any, at: int) -> Any:
    """1 where the output is positive."""
    return where(_positive(node.output(0)), gradient)


@rule("Clamp")
def clamp(node: Any, gradient: Any, at: int) -> Any:
    """1 between the bounds."""
    bounds = node.get_attributes()
    return multiply(gradient, _between(node.input_value(0), bounds["min"], bounds["max"]))


@rule("Convert", "Identity")
def passed_on(node: Any, gradient: Any, at: int) -> Any:
    """Unchanged, in the input's type."""
    wanted = node.input_value(0).get_element_type()
    return gradient if gradient.get_element_type() == wanted else ops().convert(gradient, wanted).output(0)


@rule("FakeQuantize")
def fake_quantize(node: Any, gradient: Any, at: int) -> Any:
    """Straight through where nothing was cut off (Bengio et al. 2013, arXiv:1308.3432)."""
    if at:
        raise unsupported(node, " with a computed range")
    x, low, high = node.input_values()[:3]
    inside = ops().logical_and(ops().greater_equal(x, low), ops().less_equal(x, high))
    return where(inside, gradient)


@_elementwise("Negative")
def negative(node: Any, x: Any, y: Any) -> Any:
    """``-1``."""
    return constant(-1.0, x)


@_elementwise("Abs")
def absolute(node: Any, x: Any, y: Any) -> Any:
    """The sign."""
    return ops().sign(x).output(0)


@_elementwise("Exp")
def exp(node: Any, x: Any, y: Any) -> Any:
    """``y``."""
    return y


@_elementwise("Log")
def log(node: Any, x: Any, y: Any) -> Any:
    """``1 / x``."""
    return ops().divide(constant(1.0, x), x).output(0)


@_elementwise("Sqrt")
def sqrt(node: Any, x: Any, y: Any) -> Any:
    """``1 / (2 y)``."""
    return ops().divide(constant(0.5, x), y).output(0)


@_elementwise("Erf")
def erf(node: Any, x: Any, y: Any) -> Any:
    """``2 / sqrt(pi) exp(-x^2)``."""
    return _times(ops().exp(ops().negative(multiply(x, x))).output(0), 2.0 / math.sqrt(math.pi))


@_elementwise("Sin")
def sin(node: Any, x: Any, y: Any) -> Any:
    """``cos x``."""
    return ops().cos(x).output(0)


@_elementwise("Cos")
def cos(node: Any, x: Any, y: Any) -> Any:
    """``-sin x``."""
    return ops().negative(ops().sin(x)).output(0)


@_elementwise("Sigmoid")
def sigmoid(node: Any, x: Any, y: Any) -> Any:
    """``y (1 - y)``."""
    return multiply(y, _one_minus(y))


@_elementwise("Tanh")
def tanh(node: Any, x: Any, y: Any) -> Any:
    """``1 - y^2``."""
    return _one_minus(multiply(y, y))


@_elementwise("SoftPlus")
def softplus(node: Any, x: Any, y: Any) -> Any:
    """``sigmoid(x)``."""
    return ops().sigmoid(x).output(0)


@_elementwise("SoftSign")
def softsign(node: Any, x: Any, y: Any) -> Any:
    """``1 / (1 + |x|)^2``."""
    below = _plus(ops().absolute(x).output(0), 1.0)
    return ops().divide(constant(1.0, x), multiply(below, below)).output(0)


@_elementwise("Swish")
def swish(node: Any, x: Any, y: Any) -> Any:
    """``b y + s (1 - b y)`` with ``s = sigmoid(b x)`` (Ramachandran et al. 2017, arXiv:1710.05941)."""
    beta = node.input_value(1) if node.get_input_size() > 1 else constant(1.0, x)
    scaled = multiply(y, beta)
    return ops().add(scaled, multiply(ops().sigmoid(multiply(x, beta)).output(0), _one_minus(scaled))).output(0)


@_elementwise("HSigmoid")
def hsigmoid(node: Any, x: Any, y: Any) -> Any:
    """``1/6`` between -3 and 3."""
    return _times(_between(x, -3.0, 3.0), 1 / 6)


@_elementwise("HSwish")
def hswish(node: Any, x: Any, y: Any) -> Any:
    """``(2 x + 3) / 6`` between -3 and 3, 1 above (Howard et al. 2019, arXiv:1905.02244)."""
    above = _is(ops().greater_equal(x, constant(3.0, x)), x)
    return ops().add(multiply(_between(x, -3.0, 3.0), _plus(_times(x, 1 / 3), 0.5)), above).output(0)


@_elementwise("HardSigmoid")
def hard_sigmoid(node: Any, x: Any, y: Any) -> Any:
    """``alpha`` where the output is between 0 and 1."""
    return multiply(_between(y, 0.0, 1.0), node.input_value(1))


@_elementwise("Elu")
def elu(node: Any, x: Any, y: Any) -> Any:
    """1 above zero, ``y + alpha`` below."""
    below = _plus(y, float(node.get_attributes()["alpha"]))
    return ops().select(_positive(x), constant(1.0, x), below).output(0)


@_elementwise("Selu")
def selu(node: Any, x: Any, y: Any) -> Any:
    """``lambda`` above zero, ``y + lambda alpha`` below (Klambauer et al. 2017, arXiv:1706.02515)."""
    alpha, scale = node.input_value(1), node.input_value(2)
    return ops().select(_positive(x), scale, ops().add(y, multiply(scale, alpha))).output(0)


@rule("PRelu")
def prelu(node: Any, gradient: Any, at: int) -> Any:
    """1 above zero, the slope below."""
    x, slope = node.input_values()
    sizes = shape_of(x)
    if len(shape_of(slope)) == 1 and len(sizes) > 2 and shape_of(slope)[0] != 1:  # one a channel
        from streamcam.backends.openvino.gradients.rules import reshaped

        slope = reshaped(slope, (1, -1, *(1 for _ in sizes[2:])))
    if at:
        raise unsupported(node, " with a computed slope")
    return unbroadcast(multiply(gradient, ops().select(_positive(x), constant(1.0, x), slope).output(0)), sizes)


@_elementwise("Mish")
def mish(node: Any, x: Any, y: Any) -> Any:
    """``t + x s (1 - t^2)`` with ``t = tanh(softplus(x))``, ``s = sigmoid(x)`` (Misra 2019, arXiv:1908.08681)."""
    t = ops().tanh(ops().softplus(x)).output(0)
    return ops().add(t, multiply(x, ops().sigmoid(x).output(0), _one_minus(multiply(t, t)))).output(0)


@_elementwise("Gelu")
def gelu(node: Any, x: Any, y: Any) -> Any:
    """``P(x) + x p(x)``: of the normal distribution, or of the approximation of it by a hyperbolic tangent."""
    if str(node.get_attributes().get("approximation_mode", "ERF")).upper() == "ERF":
        whole = _times(_plus(ops().erf(_times(x, 1 / _SQRT_2)).output(0), 1.0), 0.5)
        density = _times(ops().exp(_times(multiply(x, x), -0.5)).output(0), 1 / math.sqrt(2 * math.pi))
        return ops().add(whole, multiply(x, density)).output(0)
    scale, cubic = _TANH_GELU
    squared = multiply(x, x)
    t = ops().tanh(_times(multiply(x, _plus(_times(squared, cubic), 1.0)), scale)).output(0)
    slope = _times(_plus(_times(squared, 3 * cubic), 1.0), scale)
    whole = _times(_plus(t, 1.0), 0.5)
    return ops().add(whole, _times(multiply(x, _one_minus(multiply(t, t)), slope), 0.5)).output(0)
