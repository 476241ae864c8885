"""A network that is fed with frames: preprocessing, the network and its probabilities as one graph, for one size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from streamcam.backends.errors import SizeError
from streamcam.backends.openvino.attention import unfuse_attention
from streamcam.backends.openvino.forward import ORDERS, Forward, of_size, shape_for
from streamcam.backends.openvino.gradients.rules import (
    constant,
    integers,
    multiply,
    ops,
    reshaped,
    shape_of,
)
from streamcam.backends.openvino.scores import Scores
from streamcam.backends.openvino.windows import best_window
from streamcam.backends.recipe import Recipe
from streamcam.choices import InputLayout
from streamcam.models.classifier import Classifier
from streamcam.models.layers import said
from streamcam.models.preprocessing import Preprocessing
from streamcam.system.libraries import load_openvino

_POOLS = ("AvgPool", "MaxPool")


@dataclass(frozen=True, slots=True)
class Fed:
    """A fed network.

    Attributes:
        image: the parameter, ``(height, width, 3)`` uint8, BGR, or ``(T, height, width, 3)`` of a clip.
        output: of the network.
        scores: of the whole picture.
        probabilities: ``(C,)`` float32, of the best window where the picture has several, see ``windows``.
        by_windows: whether they are those of a window.
        taps: the spatial tensors, in the order of ``Forward.layers``.
    """

    image: Any
    output: Any
    scores: Scores
    probabilities: Any
    by_windows: bool
    taps: list[Any]


def feed(forward: Forward, recipe: Recipe) -> Fed:
    """Write preprocessing and probabilities around a copy of a forward graph.

    Raises:
        SizeError: the network cannot take an image of this size.
    """
    classifier = recipe.classifier
    model = _sized(forward, classifier, recipe.size)
    output, *taps = (result.input_value(0) for result in model.get_results())
    pixels = model.get_parameters()[0]
    frames = [classifier.frames] if classifier.frames else []
    image = ops().parameter([*frames, *recipe.size, 3], np.uint8, name="image")
    prepared = prepared_of(image, classifier.preprocessing, forward.layout, pixels)
    for consumer in pixels.output(0).get_target_inputs():
        consumer.replace_source_output(prepared)
    scores = Scores(output, classifier)
    if scores.count != len(classifier.labels):
        raise SizeError(
            f"{classifier.name}: gives output of shape {shape_of(output)} at {said(recipe.size, classifier.frames)}"
        )
    window = None
    if not frames:
        window = best_window(image, forward.layers[-1], taps[-1], output, classifier, recipe.size)
    probabilities = scores.probabilities if window is None else window
    return Fed(image, output, scores, probabilities, window is not None, taps)


def answer_function(forward: Forward, recipe: Recipe) -> Any:
    """An ``openvino.Model`` from an image to probabilities, without any explanation.

    Raises:
        SizeError: the network cannot take an image of this size.
    """
    fed = feed(forward, recipe)
    return load_openvino().Model([ops().result(fed.probabilities)], [fed.image], "answer")


def _sized(forward: Forward, classifier: Classifier, size: tuple[int, int]) -> Any:
    """A copy of the graph for one size, without dynamic shapes."""
    channels = 1 if classifier.preprocessing.order == "gray" else 3
    try:
        model = of_size(forward.model, shape_for(forward.layout, size, channels, classifier.frames))
        dynamic = model.get_results()[0].get_output_partial_shape(0).is_dynamic
    except RuntimeError as error:
        raise SizeError(f"{classifier.name}: cannot take {said(size, classifier.frames)}") from error
    if dynamic:
        raise SizeError(f"{classifier.name}: the shape of its output is not known before it has run")
    unfuse_attention(model)
    if size != classifier.input_size:
        _check_pooling(model, classifier.name)
    return model


def prepared_of(image: Any, how: Preprocessing, layout: InputLayout, pixels: Any) -> Any:
    """``(H, W, 3)`` or ``(T, H, W, 3)`` uint8 BGR as the network's input, ``pixels``, of this layout, takes it."""
    x = ops().convert(image, np.float32).output(0)
    if how.order == "rgb":
        x = ops().gather(x, integers([2, 1, 0]), integers(-1)).output(0)
    elif how.order == "gray":  # BT.601 luma, as OpenCV's cvtColor
        x = ops().reduce_sum(multiply(x, constant([0.114, 0.587, 0.299], x)), integers([-1]), True).output(0)
    if any(how.mean):
        x = ops().subtract(x, constant(how.mean, x)).output(0)
    if any(s != 1 for s in how.std):
        x = ops().divide(x, constant(how.std, x)).output(0)
    shape = list(pixels.get_output_shape(0))
    if order := ORDERS.get(layout):
        x = ops().transpose(x, integers(list(order))).output(0)
    x = reshaped(x, shape)
    kind = pixels.get_output_element_type(0)
    if kind == x.get_element_type():
        return x
    if kind.is_integral():
        low, high = (0.0, 255.0) if not kind.is_signed() else (-128.0, 127.0)
        x = ops().clamp(ops().round(x, "half_to_even"), low, high).output(0)
    return ops().convert(x, kind).output(0)


def _check_pooling(model: Any, name: str) -> None:
    """Refuse a size at which a pooling window of fixed size ends the map and leaves part of it out."""
    for node in model.get_ops():
        if node.get_type_name() not in _POOLS:
            continue
        window = list(node.get_attributes()["kernel"])
        before, after = shape_of(node.input_value(0))[2:], shape_of(node.output(0))[2:]
        if all(n == 1 for n in after) and list(before) != window:
            raise SizeError(f"{name}: pools a fixed {window[0]}x{window[1]} window of a {before[0]}x{before[1]} map")
