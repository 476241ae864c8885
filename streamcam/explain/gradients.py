"""Gradients of activations written in operations that OpenVINO can convert, too.

TensorFlow has an operation of its own for the gradient of each activation (``ReluGrad``, ``SigmoidGrad``, …), and
OpenVINO converts none of them. The same derivatives as products, comparisons and sums run in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_PREFIX = "Streamcam"


@contextmanager
def plain_gradients() -> Iterator[None]:
    """Operations that are added to the current TensorFlow graph inside the ``with`` get the gradients below."""
    import tensorflow as tf

    names = {name: f"{_PREFIX}{name}" for name in _register()}
    with tf.compat.v1.get_default_graph().gradient_override_map(names):
        yield


@cache
def _register() -> tuple[str, ...]:
    """Register the gradients with TensorFlow, once a process; the operations that have one."""
    import tensorflow as tf

    def where(condition: Any, gradient: Any) -> Any:
        return gradient * tf.cast(condition, gradient.dtype)

    def bias_add(op: Any, gradient: Any) -> tuple[Any, Any]:
        return gradient, tf.reduce_sum(gradient, axis=list(range(gradient.shape.rank - 1)))

    def elu(op: Any, gradient: Any) -> Any:
        y = op.outputs[0]
        return gradient * tf.where(y > 0, tf.ones_like(y), y + 1)

    def leaky_relu(op: Any, gradient: Any) -> Any:
        x, slope = op.inputs[0], op.get_attr("alpha")
        return gradient * tf.where(x > 0, tf.ones_like(x), tf.ones_like(x) * slope)

    def selu(op: Any, gradient: Any) -> Any:
        y, scale, alpha = op.outputs[0], 1.0507009873554805, 1.6732632423543772  # Klambauer et al. 2017
        return gradient * tf.where(y > 0, tf.ones_like(y) * scale, y + scale * alpha)

    def depthwise(op: Any, gradient: Any) -> tuple[Any, None]:
        """Of the input alone: the gradient with zeros put between its places, convolved with the mirrored kernels."""
        x, kernel = op.inputs
        strides, dilations, padding = op.get_attr("strides"), op.get_attr("dilations"), op.get_attr("padding")
        if dilations != [1, 1, 1, 1] or padding not in (b"SAME", b"VALID") or kernel.shape[3] != 1:
            shape = tf.shape(x)
            return tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
                input_sizes=shape, filter=kernel, out_backprop=gradient, strides=strides, padding=padding
            ), None
        sides = []
        for axis in (1, 2):
            size, stride, window, places = x.shape[axis], strides[axis], kernel.shape[axis - 1], gradient.shape[axis]
            reach = (places - 1) * stride + 1
            before = max(reach - 1 + window - size, 0) // 2 if padding == b"SAME" else 0
            sides.append((stride, places, reach, (window - 1 - before, size - reach + before)))
        (sy, h, tall, pad_y), (sx, w, wide, pad_x) = sides
        channels = gradient.shape[3]
        spread = tf.reshape(gradient, (-1, h, 1, w, 1, channels))
        spread = tf.pad(spread, [(0, 0), (0, 0), (0, sy - 1), (0, 0), (0, sx - 1), (0, 0)])
        spread = tf.reshape(spread, (-1, h * sy, w * sx, channels))[:, :tall, :wide]
        spread = tf.pad(spread, [(0, 0), pad_y, pad_x, (0, 0)])
        return tf.nn.depthwise_conv2d(spread, tf.reverse(tf.reverse(kernel, (0,)), (1,)), (1, 1, 1, 1), "VALID"), None

    formulas = {
        "BiasAdd": bias_add,
        "DepthwiseConv2dNative": depthwise,
        "Elu": elu,
        "LeakyRelu": leaky_relu,
        "Relu": lambda op, g: where(op.outputs[0] > 0, g),
        "Relu6": lambda op, g: where((op.outputs[0] > 0) & (op.outputs[0] < 6), g),
        "Rsqrt": lambda op, g: g * -0.5 * op.outputs[0] * op.outputs[0] * op.outputs[0],
        "Selu": selu,
        "Sigmoid": lambda op, g: g * op.outputs[0] * (1 - op.outputs[0]),
        "Softplus": lambda op, g: g * tf.sigmoid(op.inputs[0]),
        "Sqrt": lambda op, g: g * 0.5 / op.outputs[0],
        "Tanh": lambda op, g: g * (1 - op.outputs[0] * op.outputs[0]),
    }
    for name, formula in formulas.items():
        tf.RegisterGradient(f"{_PREFIX}{name}")(formula)
    return tuple(formulas)
