"""Runs a Grad-CAM function in TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamcam.backends.engine import Answer
from streamcam.backends.keras.runnable import frozen, runnable
from streamcam.choices import Precision
from streamcam.types import Float32Array, Int32Array, UInt8Array


class TensorFlowEngine:
    """Runs the function in TensorFlow, on a GPU where there is one.

    Args:
        function: a ``ConcreteFunction``, see ``backends.keras.graph``.
    """

    name = "tensorflow"
    precision: Precision = "f32"
    in_flight = 1
    weights = 0  # the model's own
    by_windows = False
    encode = None

    def __init__(self, function: Any) -> None:
        self._function = runnable(frozen(function))

    def start(self, image: UInt8Array | Float32Array, targets: Int32Array) -> Callable[[], Answer]:
        """See ``Engine``."""
        import tensorflow as tf

        heatmaps, probabilities, classes = self._function(tf.constant(image), tf.constant(targets))
        return lambda: (heatmaps.numpy(), probabilities.numpy(), classes.numpy())
