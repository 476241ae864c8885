"""Small video classifiers of the usual kinds, each in two halves: up to the map in space and time, and what follows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

FRAMES, SIDE, CLASSES = 8, 32, 5
Half = Callable[[Any], Any]


@dataclass(frozen=True)
class VideoModel:
    """A model and its halves.

    Attributes:
        model: ``(batch, time, h, w, 3)`` in, probabilities out.
        body: the first half: clip in, map out.
        head: the second: map in, logits out.
        grid: ``(t, h, w)`` of the map.
    """

    model: Any
    body: Any
    head: Any
    grid: tuple[int, ...]

    @property
    def layer(self) -> str:
        """Path of the last layer of the first half."""
        return f"body/{self.body.layers[-1].name}"


def frame_network(name: str = "frame") -> Any:
    """A picture in, a map of a quarter of its sides out."""
    import keras
    from keras import layers

    image = keras.Input((None, None, 3))
    x = layers.Conv2D(6, 3, 2, padding="same", activation="relu")(image)
    x = layers.Conv2D(8, 3, 2, padding="same", activation="relu")(x)
    return keras.Model(image, x, name=name)


def per_frame(x: Any) -> Any:
    """The first half of most: each frame by itself."""
    from keras import layers

    return layers.TimeDistributed(frame_network(), name="frames")(x)


def pooled(x: Any) -> Any:
    """One vector a frame."""
    from keras import layers

    return layers.TimeDistributed(layers.GlobalAveragePooling2D())(x)


def made(body: Half, head: Half, *, frames: int | None = FRAMES, tokens: bool = False, seed: int = 1) -> VideoModel:
    """A model of two halves with random weights."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    clip = keras.Input((frames, SIDE, SIDE, 3))
    first = keras.Model(clip, body(clip), name="body")
    between = keras.Input(first.output.shape[1:])
    second = keras.Model(between, layers.Dense(CLASSES, kernel_initializer="orthogonal")(head(between)), name="head")
    model = keras.Model(clip, layers.Softmax()(second(first(clip))))
    shape = first.output.shape
    grid = (4, 4, 4) if tokens else tuple(int(side or FRAMES) for side in shape[1:4])
    return VideoModel(model, first, second, grid)


def conv3d() -> VideoModel:
    """Convolutions through space and time, and poolings of both."""
    from keras import layers

    def body(x: Any) -> Any:
        x = layers.Conv3D(6, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling3D(2)(x)
        x = layers.Conv3D(8, 3, strides=(1, 2, 2), padding="same", activation="gelu")(x)  # no two alike to be pooled
        return layers.BatchNormalization()(x)

    def head(x: Any) -> Any:
        return layers.GlobalAveragePooling3D()(layers.AveragePooling3D((1, 2, 2))(layers.MaxPooling3D((2, 1, 1))(x)))

    return made(body, head)


def conv2plus1d() -> VideoModel:
    """Convolutions through space, then through time, as TensorFlow's tutorial has them; any length."""
    from keras import layers

    def body(x: Any) -> Any:
        for channels in (6, 8):
            x = layers.Conv3D(channels, (1, 3, 3), strides=(1, 2, 2), padding="same")(x)
            x = layers.Conv3D(channels, (3, 1, 1), padding="same")(x)
            x = layers.ReLU()(layers.BatchNormalization()(x))
        return x

    return made(body, lambda x: layers.GlobalAveragePooling3D()(x), frames=None)


def conv_lstm() -> VideoModel:
    """Recurrent convolutions."""
    from keras import layers

    def body(x: Any) -> Any:
        return layers.ConvLSTM2D(6, 3, strides=4, padding="same", return_sequences=True)(x)

    def head(x: Any) -> Any:
        return layers.GlobalAveragePooling2D()(layers.ConvLSTM2D(6, 3, padding="same")(x))

    return made(body, head)


def recurrent(kind: str) -> VideoModel:
    """A network for each frame, then a recurrent layer, or two."""
    from keras import layers

    def head(x: Any) -> Any:
        x = pooled(x)
        match kind:
            case "lstm":
                return layers.LSTM(12)(x)
            case "gru":
                return layers.GRU(12)(x)
            case "two lstm":
                return layers.LSTM(8)(layers.LSTM(8, return_sequences=True)(x))
            case _:
                return layers.Bidirectional(layers.GRU(6))(x)

    return made(per_frame, head, frames=None if kind == "gru" else FRAMES)


def over_time(kind: str) -> VideoModel:
    """A network for each frame, then pooling, convolution or attention over time."""
    from keras import layers

    def head(x: Any) -> Any:
        x = pooled(x)
        if kind == "convolution":
            x = layers.Conv1D(8, 3, activation="relu")(x)
        elif kind == "attention":
            x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x))
        return layers.GlobalMaxPooling1D()(x)

    return made(per_frame, head)


def tubelets() -> VideoModel:
    """A transformer over tubelets, as Keras' example has it."""
    import keras
    from keras import layers

    def body(x: Any) -> Any:
        x = layers.Conv3D(12, (2, 8, 8), (2, 8, 8))(x)
        x = layers.Reshape((64, 12))(x)
        x = x + layers.Embedding(64, 12)(keras.ops.arange(64))
        y = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(2, 6)(y, y)
        return layers.Dense(12)(x)

    def head(x: Any) -> Any:
        y = layers.LayerNormalization()(x)
        return layers.GlobalAveragePooling1D()(x + layers.MultiHeadAttention(2, 6)(y, y))

    return made(body, head, tokens=True)


ALL: dict[str, Callable[[], VideoModel]] = {
    "conv3d": conv3d,
    "conv2+1d": conv2plus1d,
    "conv lstm": conv_lstm,
    "lstm": lambda: recurrent("lstm"),
    "two lstm": lambda: recurrent("two lstm"),
    "gru, any length": lambda: recurrent("gru"),
    "both directions": lambda: recurrent("both"),
    "pooling": lambda: over_time("pooling"),
    "convolution over time": lambda: over_time("convolution"),
    "attention over time": lambda: over_time("attention"),
    "tubelets": tubelets,
}


def eager(model: VideoModel, clip: Any, index: int, method: str) -> Any:
    """``(t, h, w)`` by Keras' own layers and an eager tape; ``clip`` is ``(T, h, w, 3)`` RGB in 0…1."""
    import tensorflow as tf

    activations = tf.convert_to_tensor(model.body(clip[np.newaxis], training=False))
    with tf.GradientTape() as tape:
        tape.watch(activations)
        score = model.head(activations, training=False)[0, index]
    gradients = tape.gradient(score, activations).numpy()[0]
    places = activations.numpy()[0].reshape(-1, gradients.shape[-1])
    gradients = gradients.reshape(places.shape)
    match method:
        case "gradcam":  # weights pooled over space and time
            evidence = places @ gradients.mean(axis=0)
        case "hirescam":
            evidence = (places * gradients).sum(axis=1)
        case _:  # layercam
            evidence = (places * np.maximum(gradients, 0)).sum(axis=1)
    return np.maximum(evidence, 0).reshape(model.grid)
