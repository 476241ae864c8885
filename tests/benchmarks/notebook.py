"""The classic notebook's way to a Grad-CAM heatmap: ``model.predict``, then an eager tape over the whole model."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np


def make_notebook_gradcam(model: Any, layer: str) -> Any:
    """The notebook's function: RGB float image in, heatmap in 0…1 out, resized to the image."""
    import keras
    import tensorflow as tf

    def heatmap_of(image: np.ndarray) -> np.ndarray:
        batch = keras.applications.resnet50.preprocess_input(image[None].astype("float32"))
        predicted = int(np.argmax(model.predict(batch, verbose=0)[0]))
        grad_model = keras.Model(model.inputs, [model.get_layer(layer).output, model.output])
        with tf.GradientTape() as tape:
            activations, predictions = grad_model(batch)
            score = predictions[:, predicted]
        gradients = tape.gradient(score, activations)
        weights = tf.reduce_mean(gradients, axis=(0, 1, 2))
        heatmap = tf.squeeze(activations[0] @ weights[..., tf.newaxis])
        heatmap = tf.maximum(heatmap, 0) / (tf.reduce_max(heatmap) + 1e-12)
        return cv2.resize(heatmap.numpy(), (image.shape[1], image.shape[0]))

    return heatmap_of
