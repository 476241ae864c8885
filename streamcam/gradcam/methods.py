"""The formulas: activations and gradients in, evidence out. Each is a pure function of TensorFlow tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from streamcam.choices import Method

Formula: TypeAlias = Callable[[Any, Any], Any]


def gradcam(activations: Any, gradients: Any) -> Any:
    """Grad-CAM, Selvaraju et al. 2017 (arXiv:1610.02391), equations 1 and 2.

    ``alpha_c = mean over (h, w) of dy/dA_c``, ``L = ReLU(sum over c of alpha_c * A_c)``.

    Args:
        activations: ``(h, w, c)`` float32, the output ``A`` of the target layer.
        gradients: ``(h, w, c)`` float32, the gradient ``dy/dA`` of the class's score.

    Returns:
        ``(h, w)`` float32 >= 0.
    """
    import tensorflow as tf

    weights = tf.reduce_mean(gradients, axis=(0, 1))
    return tf.nn.relu(tf.linalg.matvec(activations, weights))


METHODS: dict[Method, Formula] = {"gradcam": gradcam}
