"""The Grad-CAM function of a forward graph, for one input size and one number of targets, in OpenVINO's operations.

``(image, targets) -> (heatmaps, probabilities, classes)``; see ``backends.engine.Engine`` for their shapes. Preprocessing,
the network, the gradient of the wanted score down to the target layer and the formula are one graph; so is what the methods
do that are no such formula (``recipro``, ``attention``). Wanted classes are data, so that asking for another compiles
nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from streamcam.backends.formulas import METHODS, fuse, support
from streamcam.backends.openvino.attention import find_attention, relevance
from streamcam.backends.openvino.fed import feed
from streamcam.backends.openvino.forward import Forward
from streamcam.backends.openvino.gradients import gradients
from streamcam.backends.openvino.gradients.rules import (
    as_float32,
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
from streamcam.backends.recipe import RIVALS, SIMILAR, Recipe
from streamcam.errors import LayerError
from streamcam.models.layers import Layer, choose_layers, places_of
from streamcam.system.libraries import load_openvino


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


def explain_function(forward: Forward, recipe: Recipe, *, cut: int | None = None) -> ExplainFunction:
    """Write the Grad-CAM function on a copy of a forward graph.

    Args:
        forward: the graph; left as it is.
        recipe: what is asked.
        cut: number of the tensor behind the scores, among the results of the graph, that is given in place of the image.

    Raises:
        LayerError: there is no such layer, or the score does not depend on it.
        ModelError: the method needs attention, and the network has none of every patch to every other.
        SizeError: the network cannot take an image of this size.
        UnsupportedOperationError: between layer and score lies an operation of which no gradient is known.
    """
    ov = load_openvino()
    classifier = recipe.classifier
    layers = choose_layers(forward.layers, recipe.layers, classifier.name)
    fed = feed(forward, recipe)
    taps = [fed.taps[forward.layers.index(layer)] for layer in layers]
    targets = ops().parameter([recipe.targets, 3], np.int32, name="targets")
    scores = fed.scores
    classes, weights = _wanted(fed.probabilities, targets, scores.count, min(recipe.ranks, scores.count))
    rows = [ops().gather(weights, integers([k]), integers(0)).output(0) for k in range(recipe.targets)]
    asked = _Asked(recipe, fed.image, fed.output, scores, layers, taps, rows)
    match recipe.method:
        case "recipro-cam":
            maps, paths = _by_place(asked), tuple(layer.path for layer in layers)
        case "attention":
            maps, paths = _through_attention(asked)
        case _:
            maps, paths = _by_gradients(asked), tuple(layer.path for layer in layers)
    heatmaps = ops().concat(maps, 0) if len(maps) > 1 else maps[0]
    outputs = [heatmaps, fed.probabilities, classes]
    given = fed.image if cut is None else _cut_at(fed.taps[cut])
    function = ov.Model([ops().result(output) for output in outputs], [given, targets], "grad-cam")
    return ExplainFunction(function, paths, fed.by_windows)


def _cut_at(tensor: Any) -> Any:
    """A parameter that everything takes in place of a tensor."""
    parameter = ops().parameter(list(shape_of(tensor)), tensor.get_element_type(), name="frames")
    for consumer in tensor.get_target_inputs():
        if consumer.get_node().get_type_name() != "Result":
            consumer.replace_source_output(parameter.output(0))
    return parameter


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
    """``(1, h, w)`` or ``(1, t, h, w)`` float32 for each target, by a formula of activations and gradients."""
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
    if asked.recipe.classifier.frames:
        raise LayerError(f"--method attention: explains single pictures, and {name} looks at clips")
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
    """``(1, h, w)`` or ``(1, t, h, w)`` float32: the map of one target, of the evidence of each layer, ``(p,)`` float32."""
    operations = OpenVINOOperations()
    fused = fuse(
        operations,
        [
            operations.reshape(one, places_of(layer, shape_of(tap)))
            for one, layer, tap in zip(evidence, asked.layers, asked.taps, strict=True)
        ],
    )
    return operations.reshape(fused, (1, *operations.shape(fused)))


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
    own, other = (ops().gather(rows, integers(i), integers(1)).output(0) for i in (0, 1))
    difference = ops().subtract(
        own, ops().add(other, _rivals(probabilities, ranking, classes, own, min(RIVALS, ranks)))
    )
    sign = ops().slice(targets, integers([2]), integers([3]), integers([1]), integers([1]))
    return classes, multiply(difference.output(0), as_float32(sign))


def _rivals(probabilities: Any, ranking: Any, classes: Any, own: Any, count: int) -> Any:
    """``(K, C)`` float32: of targets that are compared with their rivals, the weights of these, which add up to 1.

    They are weighted by their probabilities: Finer-CAM, Zhang et al. 2025 (arXiv:2501.11309), equation 4, as implemented in
    pytorch-grad-cam.
    """
    best = ops().slice(ranking, integers([0]), integers([count]), integers([1]))
    total = ops().constant(np.int32(shape_of(own)[1]))
    one, zero = (ops().constant(np.asarray(v, np.float32)) for v in (1, 0))
    marked = ops().reduce_sum(ops().one_hot(best, total, one, zero, -1), integers([0]), False).output(0)
    rest = multiply(multiply(marked, probabilities), ops().subtract(one, own).output(0))
    least = ops().constant(np.float32(1e-30))
    shares = ops().divide(rest, ops().maximum(ops().reduce_sum(rest, integers([1]), True), least))
    wants = ops().equal(ops().gather(classes, integers([1]), integers(1)), ops().constant(np.int32(SIMILAR)))
    return multiply(shares.output(0), as_float32(wants.output(0)))


def _rows(tensor: Any, layer: Layer) -> Any:
    """``(t, c, p)`` float32: a row for each channel, a column for each place; t is 1, or the time steps of ``nchw``."""
    shape = shape_of(tensor)
    x = as_float32(tensor)
    if layer.layout in ("nchw", "ncthw"):
        return ops().reshape(x, integers([*shape[:2], -1]), False)
    if layer.layout == "tokens":
        count = math.prod(layer.grid) // shape[0]
        x = ops().slice(x, integers([shape[1] - count]), integers([shape[1]]), integers([1]), integers([1])).output(0)
    return ops().transpose(ops().reshape(x, integers([1, -1, shape[-1]]), False), integers([0, 2, 1]))
