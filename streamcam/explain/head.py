"""Recognise a classifier that ends in pooling and one dense layer: its gradient is that layer's weights."""

from __future__ import annotations

from typing import Any

import numpy as np

_TRANSPARENT = ("Identity", "Reshape", "Squeeze", "ExpandDims", "StopGradient")


def closed_form(logits: Any, activations: Any) -> Any | None:
    """The weights of a dense layer that stands alone between the pooled activations and the logits.

    If ``y = mean over the map of A, times W, plus b``, then ``dy_k/dA = W[:, k] / (h * w)`` at every place: the class
    activation mapping of Zhou et al. 2016 (arXiv:1512.04150), of which Grad-CAM is the generalisation. The graph itself
    is followed, operation by operation, so that nothing else can stand between.

    Args:
        logits: ``(C,)`` float32, the scores that are explained.
        activations: ``(1, h, w, c)``, the output of the target layer.

    Returns:
        ``W`` as ``(c, C)`` float32, or None for any other head.
    """
    op = _behind(logits)
    if op.type in ("BiasAdd", "AddV2", "Add"):
        op = _behind(op.inputs[0])
    if op.type not in ("MatMul", "BatchMatMulV2") or _is_transposed(op):
        return None
    weights, pooled = op.inputs[1], _behind(op.inputs[0])
    if pooled.type != "Mean" or weights.dtype != "float32" or weights.shape != (activations.shape[-1], logits.shape[0]):
        return None
    import tensorflow as tf

    axes = tf.get_static_value(pooled.inputs[1])
    if axes is None or pooled.inputs[0].shape.rank != 4 or sorted(np.atleast_1d(axes) % 4) != [1, 2]:
        return None
    return weights if _behind(pooled.inputs[0]) is _behind(activations) else None


def _behind(tensor: Any) -> Any:
    """The operation that made a tensor, apart from those that only pass it on."""
    op = tensor.op
    while op.type in _TRANSPARENT:
        op = op.inputs[0].op
    return op


def _is_transposed(op: Any) -> bool:
    names = ("transpose_a", "transpose_b") if op.type == "MatMul" else ("adj_x", "adj_y")
    return any(op.get_attr(name) for name in names)
