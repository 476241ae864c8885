"""What runs a Grad-CAM graph."""

from __future__ import annotations

from typing import Any, Protocol

from streamcam.gradcam.graph import CamGraph
from streamcam.types import Float32Array, Int32Array, UInt8Array


class Engine(Protocol):
    """A compiled Grad-CAM function for one input size and one number of targets."""

    def __call__(self, image: UInt8Array, targets: Int32Array) -> tuple[Float32Array, Float32Array, Int32Array]:
        """Run the function.

        Args:
            image: ``(height, width, 3)`` uint8, BGR.
            targets: ``(K,)`` int32, class indices, or ranks as negative numbers.

        Returns:
            ``(K, h, w)`` float32 raw evidence, ``(C,)`` float32 probabilities, ``(K,)`` int32 class indices.
        """
        ...


class TensorFlowEngine:
    """Runs the frozen graph in TensorFlow, on a GPU where there is one."""

    name = "tensorflow"

    def __init__(self, graph: CamGraph) -> None:
        self._function: Any = graph.function

    def __call__(self, image: UInt8Array, targets: Int32Array) -> tuple[Float32Array, Float32Array, Int32Array]:
        """See ``Engine``."""
        import tensorflow as tf

        heatmaps, probabilities, classes = self._function(tf.constant(image), tf.constant(targets))
        return heatmaps.numpy(), probabilities.numpy(), classes.numpy()
