"""An EfficientNet-Lite, such as the bundled default classifier, as a Keras model (see ``backends/weights/blocks.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamcam.backends.weights.lite import Lite

if TYPE_CHECKING:
    import keras


def efficientnet_lite(lite: Lite) -> keras.Model:
    """Build the network with uninitialised weights: RGB in ``(x - 127) / 128``, 1,000 probabilities out."""
    import keras
    from keras import layers

    def conv(x: Any, channels: int, kernel: int, stride: int, name: str, *, relu: bool = True) -> Any:
        x = layers.Conv2D(channels, kernel, stride, padding="same", name=f"{name}_conv")(x)
        return layers.ReLU(6.0, name=f"{name}_activation")(x) if relu else x

    image = keras.Input((lite.side, lite.side, 3), name="image")
    x = conv(image, 32, 3, 2, "stem")
    for stage, (repeats, kernel, first_stride, expansion, channels) in enumerate(lite.blocks, start=1):
        for repeat in range(repeats):
            name = f"block{stage}{'abcdef'[repeat]}"
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
    return keras.Model(image, x, name=lite.name)


def load_lite_weights(model: keras.Model, lite: Lite) -> None:
    """Fill ``model`` with its ImageNet weights. Raises ``ModelError`` if they are not intact."""
    arrays = lite.arrays()
    for layer in model.layers:
        layer.set_weights([arrays[f"{layer.name}/{w.name}"] for w in layer.weights])
