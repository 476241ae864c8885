"""The Grad-CAM function of a forward graph, for one input size and one number of targets, in OpenVINO's operations.

``(image, targets) -> (heatmaps, probabilities, classes)``; see ``backends.engine.Engine`` for their shapes. Preprocessing,
the network, the gradient of the wanted score down to the target layer and the formula are one graph; so is what the methods
do that are no such formula (``recipro``, ``attention``). Wanted classes are data, so that asking for another compiles
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from streamcam.backends.errors import SizeError
from streamcam.backends.formulas import METHODS, fuse, support
from streamcam.backends.openvino.attention import find_attention, relevance, unfuse_attention
from streamcam.backends.openvino.forward import Forward, of_size, shape_for
from streamcam.backends.openvino.gradients import gradients
from streamcam.backends.openvino.gradients.rules import (
    as_float32,
    constant,
    integers,
    multiply,
    ops,
    reshaped,
    shape_of,
)
from streamcam.backends.openvino.maps import MOST_CLASS_TOKENS
from streamcam.backends.openvino.operations import OpenVINOOperations
from streamcam.backends.openvino.recipro import by_place
from streamcam.backends.openvino.scores import Scores
from streamcam.backends.openvino.windows import best_window
from streamcam.backends.recipe import Recipe
from streamcam.errors import LayerError
from streamcam.models.classifier import Classifier
from streamcam.models.layers import Layer, choose_layers, places_of
from streamcam.models.preprocessing import Preprocessing
from streamcam.system.libraries import load_openvino

_POOLS = ("AvgPool", "MaxPool")


class ExplainFunction(NamedTuple):
    """A Grad-CAM function.

    Attributes:
        model: an ``openvino.Model``.
        layers: paths of the target layers, in the order of the network.
        by_windows: whether its probabilities are those of the best window, see ``windows``.
    """

    model: Any
    layers: tuple[str, ...]
    by_windows: bool


def explain_function(forward: Forward, recipe: Recipe) -> ExplainFunction:
    """Write the Grad-CAM function on a copy of a forward graph.

    Args:
        forward: the graph; left as it is.
        recipe: what is asked.

    Raises:
        LayerError: there is no such layer, or the score does not depend on it.
        ModelError: the method needs attention, and the network has none of every patch to every other.
        SizeError: the network cannot take an image of this size.
        UnsupportedOperationError: between layer and score lies an operation of which no gradient is known.
    """
    ov = load_openvino()
    classifier = recipe.classifier
    layers = choose_layers(forward.layers, recipe.layers, classifier.name)
    model = _sized(forward, classifier, recipe.size)
    results = model.get_results()
    taps = [results[1 + forward.layers.index(layer)].input_value(0) for layer in layers]
    output = results[0].input_value(0)
    pixels = model.get_parameters()[0]

    image = ops().parameter([*recipe.size, 3], np.uint8, name="image")
    targets = ops().parameter([recipe.targets, 3], np.int32, name="targets")
    prepared = _prepared(image, classifier.preprocessing, pixels)
    for consumer in pixels.output(0).get_target_inputs():
        consumer.replace_source_output(prepared)

    scores = Scores(output, classifier)
    if scores.count != len(classifier.labels):
        raise SizeError(f"{classifier.name}: gives output of shape {shape_of(output)} at {_said(recipe.size)}")
    last = forward.layers[-1]
    window = best_window(image, last, results[len(forward.layers)].input_value(0), output, classifier, recipe.size)
    probabilities = scores.probabilities if window is None else window
    classes, weights = _wanted(probabilities, targets, scores.count, min(recipe.ranks, scores.count))
    rows = [ops().gather(weights, integers([k]), integers(0)).output(0) for k in range(recipe.targets)]
    asked = _Asked(recipe, image, output, scores, layers, taps, rows)
    match recipe.method:
        case "recipro-cam":
            maps, paths = _by_place(asked), tuple(layer.path for layer in layers)
        case "attention":
            maps, paths = _through_attention(asked)
        case _:
            maps, paths = _by_gradients(asked), tuple(layer.path for layer in layers)
    heatmaps = ops().concat(maps, 0) if len(maps) > 1 else maps[0]
    outputs = [heatmaps, probabilities, classes]
    function = ov.Model([ops().result(output) for output in outputs], [image, targets], "grad-cam")
    return ExplainFunction(function, paths, window is not None)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a method makes its maps of.

    Attributes:
        recipe: what is asked.
        image: the parameter that everything is made from.
        output: of the network.
        scores: of the network.
        layers: the target layers.
        taps: their tensors.
        weights: ``(1, C)`` float32 for each target, of the classes' scores.
    """

    recipe: Recipe
    image: Any
    output: Any
    scores: Scores
    layers: Sequence[Layer]
    taps: Sequence[Any]
    weights: Sequence[Any]

    def gradients(self, weights: Any, tensors: Sequence[Any]) -> list[Any | None]:
        """Of one target's score with respect to tensors; None where it does not depend on one."""
        score, seed = self.scores.seed(weights, probability=self.recipe.score == "probability")
        return gradients(score, seed, tensors)


def _by_gradients(asked: _Asked) -> list[Any]:
    """``(1, h, w)`` float32 for each target, by a formula of activations and gradients."""
    maps = []
    for weights in asked.weights:
        found = asked.gradients(weights, asked.taps)
        for layer, gradient in zip(asked.layers, found, strict=True):
            if gradient is None:
                name = asked.recipe.classifier.name
                raise LayerError(f"{layer.path}: the score of {name} does not depend on this layer")
        formula = METHODS[asked.recipe.method]
        operations = OpenVINOOperations()
        evidence = [
            formula(operations, _rows(tap, layer), _rows(gradient, layer))
            for layer, tap, gradient in zip(asked.layers, asked.taps, found, strict=True)
        ]
        maps.append(_fused(asked, evidence))
    return maps


def _by_place(asked: _Asked) -> list[Any]:
    """``(1, h, w)`` float32 for each target, of Recipro-CAM."""
    classifier = asked.recipe.classifier
    tables = [
        by_place(asked.image, layer, tap, asked.output, classifier)
        for layer, tap in zip(asked.layers, asked.taps, strict=True)
    ]
    return [
        _fused(asked, [support(OpenVINOOperations(), table.get_node(), weights) for table in tables])
        for weights in asked.weights
    ]


def _through_attention(asked: _Asked) -> tuple[list[Any], tuple[str, ...]]:
    """``(1, h, w)`` float32 for each target, of the relevance through attention, and what stands for the layers."""
    name = asked.recipe.classifier.name
    if asked.recipe.layers:
        raise LayerError(
            f"{'+'.join(asked.recipe.layers)}: --method attention goes through every attention of {name}; leave the layer out"
        )
    layer, tap = asked.layers[-1], asked.taps[-1]
    height, width = places_of(layer, shape_of(tap))
    least = shape_of(tap)[1] if layer.layout == "tokens" else height * width
    most = least if layer.layout == "tokens" else least + MOST_CLASS_TOKENS
    found = find_attention(asked.image, asked.output, range(least, most + 1), name)
    maps = [
        reshaped(relevance(found, asked.gradients(weights, found), (height, width)), (1, height, width))
        for weights in asked.weights
    ]
    return maps, (f"{len(found)} attention maps",)


def _fused(asked: _Asked, evidence: Sequence[Any]) -> Any:
    """``(1, h, w)`` float32: the map of one target, of the evidence of each layer, ``(p,)`` float32."""
    operations = OpenVINOOperations()
    fused = fuse(
        operations,
        [
            operations.reshape(one, places_of(layer, shape_of(tap)))
            for one, layer, tap in zip(evidence, asked.layers, asked.taps, strict=True)
        ],
    )
    return operations.reshape(fused, (1, *operations.shape(fused)))


def _said(size: tuple[int, int]) -> str:
    return f"{size[1]}x{size[0]}"


def _sized(forward: Forward, classifier: Classifier, size: tuple[int, int]) -> Any:
    """A copy of the graph for one size, without dynamic shapes."""
    channels = 1 if classifier.preprocessing.order == "gray" else 3
    try:
        model = of_size(forward.model, shape_for(forward.layout, size, channels))
        dynamic = model.get_results()[0].get_output_partial_shape(0).is_dynamic
    except RuntimeError as error:
        raise SizeError(f"{classifier.name}: takes no input of {_said(size)}") from error
    if dynamic:
        raise SizeError(f"{classifier.name}: the shape of its output is not known before it has run")
    unfuse_attention(model)
    if size != classifier.input_size:
        _check_pooling(model, classifier.name)
    return model


def _check_pooling(model: Any, name: str) -> None:
    """Refuse a size at which a pooling window of fixed size ends the map and leaves part of it out."""
    for node in model.get_ops():
        if node.get_type_name() not in _POOLS:
            continue
        window = list(node.get_attributes()["kernel"])
        before, after = shape_of(node.input_value(0))[2:], shape_of(node.output(0))[2:]
        if all(n == 1 for n in after) and list(before) != window:
            raise SizeError(f"{name}: pools a fixed {window[0]}x{window[1]} window of a {before[0]}x{before[1]} map")


def _prepared(image: Any, how: Preprocessing, pixels: Any) -> Any:
    """``(H, W, 3)`` uint8 BGR as the network's input takes it."""
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
    if len(shape) == 4 and shape[-1] != shape_of(x)[-1]:
        x = ops().transpose(x, integers([2, 0, 1])).output(0)
    x = reshaped(x, shape)
    kind = pixels.get_output_element_type(0)
    if kind == x.get_element_type():
        return x
    if kind.is_integral():
        low, high = (0.0, 255.0) if not kind.is_signed() else (-128.0, 127.0)
        x = ops().clamp(ops().round(x, "half_to_even"), low, high).output(0)
    return ops().convert(x, kind).output(0)


def _wanted(probabilities: Any, targets: Any, count: int, ranks: int) -> tuple[Any, Any]:
    """``(K, 2)`` int32 classes with ranks resolved, and ``(K, C)`` float32 weights of the classes' scores."""
    ranking = ops().topk(probabilities, np.int64(ranks), 0, "max", "value", "i32", True).output(1)
    asked = ops().slice(targets, integers([0]), integers([2]), integers([1]), integers([1]))
    zero, one = ops().constant(np.int32(0)), ops().constant(np.int32(1))
    rank = ops().maximum(ops().subtract(ops().negative(asked), one), zero)
    ranked = ops().gather(ranking, ops().minimum(rank, ops().constant(np.int32(ranks - 1))), integers(0))
    classes = ops().select(ops().less(asked, zero), ranked, asked).output(0)
    # A class that does not exist, such as NO_CLASS, has no one in its row.
    rows = ops().one_hot(
        classes, ops().constant(np.int32(count)), *(ops().constant(np.asarray(v, np.float32)) for v in (1, 0)), -1
    )
    difference = ops().subtract(*(ops().gather(rows, integers(i), integers(1)) for i in (0, 1)))
    sign = ops().slice(targets, integers([2]), integers([3]), integers([1]), integers([1]))
    return classes, multiply(difference.output(0), as_float32(sign))


def _rows(tensor: Any, layer: Layer) -> Any:
    """``(c, p)`` float32: a row for each channel, a column for each place."""
    shape = shape_of(tensor)
    x = as_float32(tensor)
    if layer.layout == "nchw":
        return ops().reshape(x, integers([shape[1], -1]), False)
    if layer.layout == "tokens":
        count = layer.shape[0] * layer.shape[1]
        x = ops().slice(x, integers([shape[1] - count]), integers([shape[1]]), integers([1]), integers([1])).output(0)
    return ops().transpose(ops().reshape(x, integers([-1, shape[-1]]), False), integers([1, 0]))
