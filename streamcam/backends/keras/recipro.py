"""Recipro-CAM in TensorFlow; see ``backends.openvino.recipro``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from streamcam.models.layers import Layer


def by_place(answer: Callable[[Callable[[Any], Any]], Any], layer: Layer, classes: int) -> Any:
    """``(p, C)`` float32: a row for each place of a map, the probabilities with that place alone.

    Args:
        answer: gives the ``(C,)`` probabilities of the network with what a function makes of the layer's tensor in its
            place.
        layer: the target layer.
        classes: how many there are.
    """
    import tensorflow as tf

    count = math.prod(layer.grid)

    def alone(place: Any) -> Any:
        def masked(tensor: Any) -> Any:
            steps = tensor.shape[0]  # 1, or those in time
            kept = tf.reshape(tf.one_hot(place, count, dtype=tensor.dtype), (steps, -1))
            if layer.layout == "tokens":  # those of the class stay
                kept = tf.concat([tf.ones((steps, tensor.shape[1] - kept.shape[1]), tensor.dtype), kept], 1)
                return tensor * kept[..., tf.newaxis]
            grid = layer.grid[1:] if steps > 1 else layer.grid
            form = (steps, 1, *grid) if layer.layout in ("nchw", "ncthw") else (steps, *grid, 1)
            return tensor * tf.reshape(kept, form)

        return answer(masked)

    return tf.map_fn(alone, tf.range(count), fn_output_signature=tf.TensorSpec((classes,), tf.float32))
