"""Small random models of every kind, each with a plain eager computation of the same thing beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

SIDE = 48
CLASSES = 7

# (1, H, W, 3) model input -> activations of the target layer, logits, probabilities
Eager = Callable[[Any], tuple[Any, Any, Any]]


@dataclass
class Specimen:
    model: keras.Model
    layer: str | None
    eager: Eager


def _features(name: str, inputs: Any) -> list[Any]:
    """Two strided convolutions and a residual one, as a list of tensors."""
    a = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu", name=f"{name}_a")(inputs)
    b = layers.Conv2D(12, 3, strides=2, padding="same", activation="relu", name=f"{name}_b")(a)
    c = layers.Conv2D(12, 3, padding="same", name=f"{name}_c")(b)
    return [a, b, layers.Add(name=f"{name}_sum")([b, c])]


def flat(seed: int = 1, *, rescales: bool = False) -> Specimen:
    """One that ``rescales`` its pixels itself leaves nothing to guess."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((SIDE, SIDE, 3))
    maps = _features("conv", layers.Rescaling(1 / 255)(inputs) if rescales else inputs)
    pooled = layers.GlobalAveragePooling2D(name="pool")(maps[-1])
    logits = layers.Dense(CLASSES, name="logits")(pooled)
    model = keras.Model(inputs, layers.Softmax(name="softmax")(logits))
    whole = keras.Model(inputs, [maps[-1], logits, model.output])
    return Specimen(model, None, lambda x: tuple(whole(x)))


def early(seed: int = 2) -> Specimen:
    """A layer in the middle, with a shortcut around it."""
    specimen = flat(seed)
    model = specimen.model
    whole = keras.Model(
        model.inputs, [model.get_layer("conv_c").output, model.get_layer("logits").output, model.output]
    )
    return Specimen(model, "conv_c", lambda x: tuple(whole(x)))


def nested(seed: int = 3) -> Specimen:
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((SIDE, SIDE, 3))
    backbone = keras.Model(inputs, _features("inner", inputs)[-1], name="backbone")
    outer_inputs = keras.Input((SIDE, SIDE, 3))
    pool = layers.GlobalMaxPooling2D()
    dense = layers.Dense(CLASSES)
    outputs = layers.Activation("softmax")(dense(pool(backbone(outer_inputs))))
    model = keras.Model(outer_inputs, outputs)
    parts = keras.Model(backbone.inputs, [backbone.get_layer("inner_b").output, backbone.output])

    def eager(x: Any) -> tuple[Any, Any, Any]:
        inner, features = parts(x)
        logits = dense(pool(features))
        return inner, logits, tf.nn.softmax(logits)

    return Specimen(model, "backbone/inner_b", eager)


def sequential(seed: int = 4) -> Specimen:
    keras.utils.set_random_seed(seed)
    conv = layers.Conv2D(10, 5, strides=4, activation="relu", name="conv")
    pool, dense = layers.GlobalAveragePooling2D(), layers.Dense(CLASSES, activation="softmax", name="dense")
    model = keras.Sequential(
        [keras.Input((SIDE, SIDE, 3)), layers.Rescaling(1 / 255), conv, layers.Dropout(0.5), pool, dense]
    )

    def eager(x: Any) -> tuple[Any, Any, Any]:
        features = conv(x / 255)
        logits = pool(features) @ dense.kernel + dense.bias
        return features, logits, tf.nn.softmax(logits)

    return Specimen(model, None, eager)


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.stem = layers.Conv2D(8, 3, strides=4, activation="relu", name="stem")
        self.body = [layers.Conv2D(8, 3, padding="same", activation="relu", name=f"body{i}") for i in range(2)]
        self.head = layers.Dense(CLASSES, name="head")

    def call(self, x: Any) -> Any:
        x = self.stem(x)
        for conv in self.body:
            x = conv(x) + x
        return tf.nn.softmax(self.head(tf.reduce_mean(x, axis=(1, 2))))


def subclassed(seed: int = 5) -> Specimen:
    keras.utils.set_random_seed(seed)
    model = Subclassed()
    model(np.zeros((1, SIDE, SIDE, 3), np.float32))

    def eager(x: Any) -> tuple[Any, Any, Any]:
        x = model.stem(x)
        x = model.body[0](x) + x
        last = model.body[1](x)
        logits = model.head(tf.reduce_mean(last + x, axis=(1, 2)))
        return last, logits, tf.nn.softmax(logits)

    return Specimen(model, None, eager)


def attentive(*, class_token):
    """A small vision transformer of two blocks, which reads the mean of its tokens or a class token."""
    inputs = keras.Input((64, 64, 3))
    x = layers.Conv2D(16, 16, strides=16, name="patch")(inputs)
    x = layers.Reshape((16, 16), name="row")(x)
    if class_token:
        x = layers.ZeroPadding1D((1, 0), name="class_token")(x)
    for block in range(2):
        y = layers.LayerNormalization(name=f"norm{block}")(x)
        x = layers.Add(name=f"seen{block}")([x, layers.MultiHeadAttention(2, 8, name=f"attention{block}")(y, y)])
        y = layers.Dense(16, activation="gelu", name=f"mlp{block}")(x)
        x = layers.Add(name=f"block{block}")([x, y])
    x = x[:, 0] if class_token else layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, layers.Dense(5, activation="softmax")(x))


SPECIMENS = {"flat": flat, "early": early, "nested": nested, "sequential": sequential, "subclassed": subclassed}


def eager_gradcam(eager: Eager, x: Any, class_index: int, score: str) -> Any:
    """Grad-CAM as the notebooks write it: forward, tape over everything, mean of gradients, weighted sum, ReLU."""
    x = tf.convert_to_tensor(x, tf.float32)
    with tf.GradientTape() as tape:
        activations, logits, probabilities = eager(x)
        value = (logits if score == "logit" else probabilities)[0, class_index]
    gradients = tape.gradient(value, activations)
    weights = tf.reduce_mean(gradients, axis=(0, 1, 2))
    return tf.nn.relu(tf.reduce_sum(activations[0] * weights, axis=-1)).numpy()
