"""Recipro-CAM in TensorFlow; see ``backends.openvino.recipro``."""

from __future__ import annotations

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

    height, width, _ = layer.shape
    count = height * width
    place_of = {"nhwc": (1, height, width, 1), "nchw": (1, 1, height, width), "tokens": (1, -1, 1)}[layer.layout]

    def alone(place: Any) -> Any:
        def masked(tensor: Any) -> Any:
            kept = tf.one_hot(place, count, dtype=tensor.dtype)
            if layer.layout == "tokens":  # those of the class stay
                kept = tf.concat([tf.ones(tensor.shape[1] - count, tensor.dtype), kept], 0)
            return tensor * tf.reshape(kept, place_of)

        return answer(masked)

    return tf.map_fn(alone, tf.range(count), fn_output_signature=tf.TensorSpec((classes,), tf.float32))
