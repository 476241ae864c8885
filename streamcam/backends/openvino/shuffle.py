"""A network that has forgotten what it has learned: its weights, each in another place of the same kernel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from streamcam.backends.openvino.forward import Forward
from streamcam.backends.openvino.walk import FORMS
from streamcam.system.libraries import load_openvino

_WITH_KERNELS = frozenset(
    {
        *("Convolution", "GroupConvolution", "ConvolutionBackpropData", "GroupConvolutionBackpropData"),
        *("DeformableConvolution", "MatMul"),
    }
)
_SCALING = FORMS | {"Multiply", "Subtract"}  # between packed weights and where they are used


def shuffled(forward: Forward, random: np.random.Generator, *, only_head: bool) -> Forward:
    """A copy of a forward graph with shuffled kernels, which keep their mean and their deviation.

    Args:
        forward: left as it is.
        random: the source of the order.
        only_head: whether only the last kernel before the scores is shuffled, or all of them.
    """
    from openvino import opset8

    model = forward.model.clone()
    scoring = load_openvino().Model(model.get_results()[:1], model.get_parameters(), "scores")
    kernels = {node.get_name(): node for node in _kernels(scoring)}
    for node in [*kernels.values()][-1:] if only_head else kernels.values():
        values = np.array(node.data)
        constant = opset8.constant(random.permutation(values.ravel()).reshape(values.shape))
        for target in node.output(0).get_target_inputs():
            target.replace_source_output(constant.output(0))
    return replace(forward, model=model)


def _kernels(model: Any) -> Iterator[Any]:
    """The constants of convolutions and products, in the order of the network."""
    for node in model.get_ordered_ops():
        if node.get_type_name() in _WITH_KERNELS:
            for value in node.input_values():
                given = _constants(value.get_node())
                kernel = max(given or (), key=lambda constant: constant.data.size, default=None)
                if kernel is not None and kernel.data.ndim >= 2:
                    yield kernel


def _constants(node: Any) -> list[Any] | None:
    """The constants of numbers that a tensor is made from; None where it depends on the image."""
    if node.get_type_name() == "Constant":
        return [node]
    if node.get_type_name() not in _SCALING:
        return None
    parts = [_constants(value.get_node()) for value in node.input_values()]
    return None if None in parts else [constant for part in parts if part for constant in part]
