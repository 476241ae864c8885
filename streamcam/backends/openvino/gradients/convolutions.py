"""Rules of convolutions: the gradient of one is the other kind of it (Dumoulin and Visin 2016, arXiv:1603.07285)."""

from __future__ import annotations

from typing import Any

import numpy as np

from streamcam.backends.openvino.gradients.rules import (
    integers,
    ops,
    own,
    reshaped,
    rule,
    shape_of,
    unsupported,
)

# Of a stride of one, the gradient is an ordinary convolution with the mirrored kernels, which runs faster than the
# transposed one; with more, zeros would have to be put between the places.


def padding_of(node: Any, window: list[int]) -> tuple[list[int], list[int]]:
    """``(before, after)`` in places of each axis of the map, also where the operation says ``same``.

    Args:
        node: a convolution or a pooling.
        window: reach of the kernel along each axis, dilation included.
    """
    attributes = node.get_attributes()
    how = str(attributes.get("auto_pad", "explicit")).lower()
    if how == "valid":
        return [0] * len(window), [0] * len(window)
    if how == "explicit":
        return list(attributes["pads_begin"]), list(attributes["pads_end"])
    sizes, places = shape_of(node.input_value(0))[2:], shape_of(node.output(0))[2:]
    before, after = [], []
    for size, count, reach, stride in zip(sizes, places, window, attributes["strides"], strict=True):
        total = max((count - 1) * stride + reach - size, 0)
        small, large = total // 2, total - total // 2
        before.append(small if how == "same_upper" else large)
        after.append(large if how == "same_upper" else small)
    return before, after


@rule("Convolution", "GroupConvolution")
def convolution(node: Any, gradient: Any, at: int) -> Any:
    """Of the input: the transposed convolution."""
    if at:
        raise unsupported(node, " with computed kernels")
    x, kernels = node.input_values()
    grouped = node.get_type_name() == "GroupConvolution"
    attributes = node.get_attributes()
    strides, dilations = list(attributes["strides"]), list(attributes["dilations"])
    window = [(k - 1) * d + 1 for k, d in zip(shape_of(kernels)[2 + grouped :], dilations, strict=True)]
    before, after = padding_of(node, window)
    places = shape_of(node.output(0))[2:]
    sizes = shape_of(x)[2:]
    if all(stride == 1 for stride in strides) and all(
        b < reach and a < reach for b, a, reach in zip(before, after, window, strict=True)
    ):
        mirrored = _mirrored(kernels, grouped=grouped)
        make = ops().group_convolution if grouped else ops().convolution
        outer = [reach - 1 - b for reach, b in zip(window, before, strict=True)]
        rest = [s - p + b for s, p, b in zip(sizes, places, before, strict=True)]
        return make(gradient, mirrored, strides, outer, rest, dilations, "explicit").output(0)
    make = ops().group_convolution_backprop_data if grouped else ops().convolution_backprop_data
    extra = [  # places at the end that no window has reached
        s - ((p - 1) * stride + reach - b - a)
        for s, p, stride, reach, b, a in zip(sizes, places, strides, window, before, after, strict=True)
    ]
    arguments = {
        "strides": strides,
        "pads_begin": before,
        "pads_end": after,
        "dilations": dilations,
        "auto_pad": "explicit",
        "output_padding": extra,
    }
    return make(gradient, own(kernels, range(len(shape_of(kernels)))), **arguments).output(0)


@rule("ConvolutionBackpropData", "GroupConvolutionBackpropData")
def transposed_convolution(node: Any, gradient: Any, at: int) -> Any:
    """Of the input: the ordinary convolution with the same kernels."""
    if at:
        raise unsupported(node, " with computed kernels")
    attributes = node.get_attributes()
    if str(attributes.get("auto_pad", "explicit")).lower() not in ("explicit", "valid"):
        raise unsupported(node, " with automatic padding")
    grouped = node.get_type_name() == "GroupConvolutionBackpropData"
    make = ops().group_convolution if grouped else ops().convolution
    before, after = list(attributes["pads_begin"]), list(attributes["pads_end"])
    strides, dilations = list(attributes["strides"]), list(attributes["dilations"])
    kernels = own(node.input_value(1), range(len(shape_of(node.input_value(1)))))
    return make(gradient, kernels, strides, before, after, dilations, "explicit").output(0)


def _mirrored(kernels: Any, *, grouped: bool) -> Any:
    """Kernels with their places mirrored and their inputs and outputs exchanged."""
    source = kernels.get_node()
    shape = shape_of(kernels)
    order = [0, 2, 1, *range(3, len(shape))] if grouped else [1, 0, *range(2, len(shape))]
    spatial = tuple(range(2 + grouped, len(shape)))
    if source.get_type_name() == "Constant":
        mirrored = np.flip(np.asarray(source.get_data()), spatial).transpose(order)
        return ops().constant(np.ascontiguousarray(mirrored)).output(0)
    flipped = kernels
    for axis in spatial:
        if shape[axis] > 1:
            backwards = integers(list(range(shape[axis] - 1, -1, -1)))
            flipped = ops().gather(flipped, backwards, integers(axis)).output(0)
    return ops().transpose(reshaped(flipped, shape), integers(order)).output(0)
