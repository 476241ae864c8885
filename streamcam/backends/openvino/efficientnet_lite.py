"""An EfficientNet-Lite as a forward graph, straight from its weights: TensorFlow is not loaded.

It is what converting the Keras model gives (``backends/keras/efficientnet_lite.py``); a test holds them against each other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from streamcam.backends.openvino.forward import Forward
from streamcam.backends.openvino.gradients.rules import integers, ops
from streamcam.backends.weights.lite import Lite
from streamcam.models.layers import Layer
from streamcam.system.libraries import load_openvino
from streamcam.types import Float32Array


def lite_forward(lite: Lite) -> Forward:
    """RGB in ``(x - 127) / 128``, ``(1, H, W, 3)`` of any size, to 1,000 probabilities.

    Raises:
        ModelError: the weights are missing, or are not those that are known.
    """
    ov = load_openvino()
    network = _Network(lite.arrays(), lite.side)
    pixels = ops().parameter([1, -1, -1, 3], np.float32, name="pixels")
    x = ops().transpose(pixels, integers([0, 3, 1, 2])).output(0)
    x = network.convolution(x, 2, "stem_conv")
    x = network.relu6(x, "stem_activation")
    channels = 32
    for stage, (repeats, _, first_stride, expansion, outputs) in enumerate(lite.blocks, start=1):
        for repeat in range(repeats):
            name = f"block{stage}{'abcdef'[repeat]}"
            stride = first_stride if repeat == 0 else 1
            shortcut, before = x, channels
            if expansion != 1:
                x = network.convolution(x, 1, f"{name}_expand_conv")
                x = network.relu6(x, f"{name}_expand_activation")
            x = network.convolution(x, stride, f"{name}_dwconv", depthwise=True)
            x = network.relu6(x, f"{name}_activation")
            x = network.convolution(x, 1, f"{name}_project_conv")
            channels = outputs
            if stride == 1 and before == channels:
                x = network.layer(ops().add(shortcut, x).output(0), f"{name}_add", "Add")
    x = network.convolution(x, 1, "top_conv")
    x = network.relu6(x, "top_activation")
    scores = network.classes(ops().reduce_mean(x, integers([2, 3]), False).output(0), "predictions")
    results = [ops().result(output) for output in (scores, *network.outputs)]
    return Forward(ov.Model(results, [pixels], "forward"), tuple(network.layers), "nhwc")


class _Network:
    """Writes layers with their weights, and remembers each as a possible target. Shapes are those for an image of this side."""

    def __init__(self, arrays: dict[str, Float32Array], side: int) -> None:
        self._arrays = arrays
        self._side, self._channels = side, 3
        self.layers: list[Layer] = []
        self.outputs: list[Any] = []

    def layer(self, output: Any, name: str, kind: str) -> Any:
        """Remember a tensor."""
        self.layers.append(Layer(name, kind, (self._side, self._side, self._channels)))
        self.outputs.append(output)
        return output

    def convolution(self, x: Any, stride: int, name: str, *, depthwise: bool = False) -> Any:
        """With bias, padded as TensorFlow's ``same``."""
        kernel, bias = self._arrays[f"{name}/kernel"], self._arrays[f"{name}/bias"]
        self._side, self._channels = -(-self._side // stride), len(bias)
        if depthwise:  # (h, w, c, 1) to (c, 1, 1, h, w)
            write, kernel = ops().group_convolution, kernel.transpose(2, 3, 0, 1)[:, None]
        else:  # (h, w, in, out) to (out, in, h, w)
            write, kernel = ops().convolution, kernel.transpose(3, 2, 0, 1)
        strides, none, dilation = [stride, stride], [0, 0], [1, 1]
        x = write(x, _constant(kernel), strides, none, none, dilation, "same_upper")
        x = ops().add(x, _constant(bias.reshape(1, -1, 1, 1))).output(0)
        return self.layer(x, name, "DepthwiseConv2D" if depthwise else "Conv2D")

    def relu6(self, x: Any, name: str) -> Any:
        """Clamped to 0 to 6."""
        return self.layer(ops().clamp(x, 0.0, 6.0).output(0), name, "ReLU")

    def classes(self, x: Any, name: str) -> Any:
        """A dense layer with softmax."""
        x = ops().matmul(x, _constant(self._arrays[f"{name}/kernel"]), False, False)
        return ops().softmax(ops().add(x, _constant(self._arrays[f"{name}/bias"][None])), 1).output(0)


def _constant(array: Float32Array) -> Any:
    return ops().constant(np.ascontiguousarray(array))
