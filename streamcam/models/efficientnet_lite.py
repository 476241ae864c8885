"""EfficientNet-Lite0, the bundled default classifier, as a Keras model.

Architecture: EfficientNet (Tan & Le 2019, arXiv:1905.11946) without squeeze-and-excite, with ReLU6, and with stem and
head unscaled ("EfficientNet-Lite"). The batch normalisations are folded into the convolutions when the weights are
converted (``streamcam/models/weights/convert_efficientnet_lite0.py``), so every convolution here has a bias.
"""

from __future__ import annotations

import hashlib
import io
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from streamcam.errors import ModelError

if TYPE_CHECKING:
    import keras

# (repeats, kernel size, stride of the first repeat, expansion, output channels)
BLOCKS = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
WEIGHTS_FILE = "efficientnet_lite0.npz"
WEIGHTS_SHA256 = "5be0cf2315c5cd23202cd17496ba432195fbd48213885568842bea2446ec289f"


def efficientnet_lite0(input_size: int = 224) -> keras.Model:
    """Build the network with uninitialised weights: RGB in ``(x - 127) / 128``, 1,000 probabilities out."""
    import keras
    from keras import layers

    def conv(x: Any, channels: int, kernel: int, stride: int, name: str, *, relu: bool = True) -> Any:
        x = layers.Conv2D(channels, kernel, stride, padding="same", name=f"{name}_conv")(x)
        return layers.ReLU(6.0, name=f"{name}_activation")(x) if relu else x

    image = keras.Input((input_size, input_size, 3), name="image")
    x = conv(image, 32, 3, 2, "stem")
    for stage, (repeats, kernel, first_stride, expansion, channels) in enumerate(BLOCKS, start=1):
        for repeat in range(repeats):
            name = f"block{stage}{'abcd'[repeat]}"
            stride = first_stride if repeat == 0 else 1
            shortcut = x
            if expansion != 1:
                x = conv(x, x.shape[-1] * expansion, 1, 1, f"{name}_expand")
            x = layers.DepthwiseConv2D(kernel, stride, padding="same", name=f"{name}_dwconv")(x)
            x = layers.ReLU(6.0, name=f"{name}_activation")(x)
            x = conv(x, channels, 1, 1, f"{name}_project", relu=False)
            if stride == 1 and shortcut.shape[-1] == channels:
                x = layers.Add(name=f"{name}_add")([shortcut, x])
    x = conv(x, 1280, 1, 1, "top")
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    x = layers.Dense(1000, activation="softmax", name="predictions")(x)
    return keras.Model(image, x, name="efficientnet-lite0")


def read_bundled_weights() -> bytes:
    """The package's weights file, after its checksum was verified.

    Raises:
        ModelError: the weights file is missing or is not the one that was shipped.
    """
    path = files("streamcam.models.weights") / WEIGHTS_FILE
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: the bundled weights cannot be read ({error}); reinstall streamcam") from error
    if hashlib.sha256(data).hexdigest() != WEIGHTS_SHA256:
        raise ModelError(f"{path}: the bundled weights are damaged (checksum differs); reinstall streamcam")
    return data


def load_bundled_weights(model: keras.Model) -> None:
    """Fill ``model`` with the package's ImageNet weights. Raises ``ModelError`` if they are not intact."""
    with np.load(io.BytesIO(read_bundled_weights()), allow_pickle=False) as arrays:
        for layer in model.layers:
            layer.set_weights([arrays[f"{layer.name}/{w.name}"].astype(np.float32) for w in layer.weights])
