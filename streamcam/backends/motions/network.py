"""The small video classifier: ten motions of a thing in 16 pictures, as a Keras model.

Each picture goes through the first blocks of EfficientNet-Lite0, as they are, and two convolutions; then three through space
and time tell what moved. The network is convolutional up to the average over space and time, so any height and width will
do, and the class activation map of the layer "motion" is exact. Trained by ``backends/motions/train.py``.
"""

from __future__ import annotations

import hashlib
import io
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from streamcam.backends.keras.efficientnet_lite import efficientnet_lite, load_lite_weights
from streamcam.backends.motions.clips import MOTIONS, SAMPLES
from streamcam.backends.weights.lite import LITES
from streamcam.errors import ModelError
from streamcam.types import Float32Array

if TYPE_CHECKING:
    import keras

MOTIONS_FILE = "motions.npz"
MOTIONS_SHA256 = "8bd51717afd7788237cebd0208aeb781abdc566c9b84c80647c4f745eebf2f1f"
LITE_LAYER = "block3b_add"  # the last layer of EfficientNet-Lite0 that is used, an eighth of the picture's side


def motions_network(weights: bool = True) -> keras.Model:
    """The classifier: ``(batch, 16, H, W, 3)`` RGB in ``(x - 127) / 128`` in, 10 probabilities out.

    Args:
        weights: whether to load those that are bundled; otherwise all are drawn at random, except EfficientNet-Lite0's.

    Raises:
        ModelError: a weights file is missing or is not the one that was shipped.
    """
    import keras
    from keras import layers

    arrays = motions_arrays() if weights else {}
    frame = _lite_start()
    x = layers.Conv2D(24, 1, activation="relu", kernel_initializer="he_normal", name="squeeze")(frame.output)
    x = layers.Conv2D(32, 3, 2, "same", activation="relu", kernel_initializer="he_normal", name="reduce")(x)
    frame = keras.Model(frame.input, x, name="frame")

    clip = keras.Input((SAMPLES, None, None, 3), name="clip")
    x = layers.TimeDistributed(frame, name="features")(clip)
    before = layers.Cropping3D(((0, 1), (0, 0), (0, 0)), name="before")(x)
    after = layers.Cropping3D(((1, 0), (0, 0), (0, 0)), name="after")(x)
    change = layers.Subtract(name="change")([after, before])
    change = layers.ZeroPadding3D(((1, 0), (0, 0), (0, 0)), name="from_rest")(change)
    x = layers.Concatenate(name="seen")([x, change])
    for name, channels, kernel in (("near", 48, (3, 3, 3)), ("far", 48, (5, 1, 1)), ("motion", 64, (1, 3, 3))):
        conv = layers.Conv3D(
            channels, kernel, padding="same", activation="relu", kernel_initializer="he_normal", name=name
        )
        x = conv(x)
    x = layers.GlobalAveragePooling3D(name="pool")(x)
    x = layers.Dense(len(MOTIONS), activation="softmax", name="predictions")(x)
    network = keras.Model(clip, x, name="motions")
    for layer in (*frame.layers, *network.layers):
        if f"{layer.name}/kernel" in arrays:
            layer.set_weights([arrays[f"{layer.name}/{w.name}"] for w in layer.weights])
    return network


def motions_arrays() -> dict[str, Float32Array]:
    """The weights that were trained here under the names ``layer/variable``, float32, after their checksum was verified.

    Raises:
        ModelError: the weights file is missing or is not the one that was shipped.
    """
    path = files("streamcam.backends.motions") / MOTIONS_FILE
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: the bundled weights cannot be read ({error}); reinstall streamcam") from error
    if hashlib.sha256(data).hexdigest() != MOTIONS_SHA256:
        raise ModelError(f"{path}: the bundled weights are damaged (checksum differs); reinstall streamcam")
    with np.load(io.BytesIO(data), allow_pickle=False) as kept:
        return {name: kept[name].astype(np.float32) for name in kept}


def _lite_start() -> keras.Model:
    """EfficientNet-Lite0 up to ``LITE_LAYER``, for pictures ``(H, W, 3)`` of any size, not to be trained."""
    import keras

    lite = LITES["efficientnet-lite0"]
    whole = efficientnet_lite(lite)
    load_lite_weights(whole, lite)
    start = keras.Model(whole.input, whole.get_layer(LITE_LAYER).output)
    free = keras.models.clone_model(start, input_tensors=keras.Input((None, None, 3), name="picture"))
    free.set_weights(start.get_weights())
    free.trainable = False
    return free
