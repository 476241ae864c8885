"""How pixels were prepared for a network whose file does not say: by what its graph does with them first."""

from __future__ import annotations

from typing import Any

import numpy as np

from streamcam.backends.openvino.ends import Input
from streamcam.backends.openvino.walk import FORMS, constant_of
from streamcam.models import catalog
from streamcam.models.preprocessing import PREPROCESSINGS, Preprocessing

_PIXEL_SCALE = 0.05  # a network that multiplies its input by less takes 0…255
_PIXEL_OFFSET = 10.0  # and so does one that subtracts more
_CHANNEL_WISE = FORMS | {"Gather", "Slice", "StridedSlice", "Split", "VariadicSplit", "Concat", "Pad", "Clamp"}
_MOST_STEPS = 50


def guess_preprocessing(graph: Any, found: Input) -> tuple[Preprocessing, str | None]:
    """What a network was most likely trained on, and why, as the end of a sentence; None where the graph itself says so.

    Args:
        graph: an ``openvino.Model``.
        found: its input.
    """
    name, reason = _guessed(graph, found)
    preprocessing = PREPROCESSINGS[name]
    return preprocessing.gray() if found.channels == 1 else preprocessing, reason


def _guessed(graph: Any, found: Input) -> tuple[str, str | None]:
    if found.values is not None:
        return _by_values(*found.values)
    if found.parameter.get_element_type().is_integral():
        return "none", None
    scale, offset = first_arithmetic(found.parameter)
    if scale < _PIXEL_SCALE or abs(offset) > _PIXEL_OFFSET:
        return "none", None
    if offset < 0 and scale >= 1 and -offset / scale < 1:
        return "unit", "the network itself shifts and scales what is 0…1"
    if known := _by_name(graph):
        return known, "a network of this name was trained so"
    if found.layout == "nchw":
        return "torch", "most networks of PyTorch were trained so"
    return "unit", "nothing in the file says how it was trained"


def _by_values(low: float, high: float) -> tuple[str, str | None]:
    """By what the numbers of a quantised input can stand for."""
    if high > 100:
        return "none", None
    if low < -1.5 or high > 1.5:
        return "torch", f"its quantised input holds {low:.2f}…{high:.2f}"
    return ("tf" if low < -0.5 else "unit"), f"its quantised input holds {low:.2f}…{high:.2f}"


def _by_name(graph: Any) -> str | None:
    """The preprocessing of a network of ``keras.applications`` whose name is part of a tensor's."""
    names = {name for node in graph.get_ops() for output in node.outputs() for name in output.get_names()}
    first = {part.lower().replace("_", "") for name in names for part in name.split("/")[:3]}
    # Longest names first: resnet50v2 before resnet50.
    for entry in sorted(catalog.CATALOG.values(), key=lambda entry: -len(entry.name)):
        plain = (entry.factory or entry.name).lower()
        if any(part.startswith(plain) for part in first):
            return entry.preprocess
    return None


def first_arithmetic(parameter: Any) -> tuple[float, float]:
    """The scale and the offset that a graph applies to its input before anything else, in the mean over the channels."""
    scale, offset = 1.0, 0.0
    output = parameter.output(0)
    for _ in range(_MOST_STEPS):
        following = [target.get_node() for target in output.get_target_inputs()]
        following = [node for node in following if node.get_type_name() not in ("ShapeOf", "Result")]
        if not following or len({node.get_type_name() for node in following}) > 1:
            break
        node = following[0]
        kind = node.get_type_name()
        if kind in ("Add", "Subtract", "Multiply", "Divide"):
            constants = [constant_of(value) for value in node.input_values()]
            value = constants[1] if constants[0] is None else constants[0]
            if value is None or not value.size or (kind in ("Subtract", "Divide") and constants[1] is None):
                break
            mean = float(np.mean(value, dtype=np.float64))
            factor = {"Multiply": mean, "Divide": 1 / mean if mean else 1.0}.get(kind, 1.0)
            scale, offset = scale * factor, offset * factor + {"Add": mean, "Subtract": -mean}.get(kind, 0.0)
        elif kind not in _CHANNEL_WISE:
            break
        output = node.output(0)
    return scale, offset
