"""The Grad-CAM function of a classifier as one TensorFlow graph.

``(image, targets) -> (heatmaps, probabilities, classes)``, where

* ``image`` is ``(height, width, 3)`` uint8, BGR, of exactly the size the graph was traced for, or ``(T, height, width, 3)`` of a
  video classifier;
* ``targets`` is ``(K, 3)`` int32: a class, the class it is compared with or ``NO_CLASS``, and 1, or -1 for what speaks
  against it; a class is an index, or a negative number for a rank (-1 the most probable class);
* ``heatmaps`` is ``(K, h, w)`` or ``(K, t, h, w)`` float32, raw evidence at the resolution of the target layer;
* ``probabilities`` is ``(C,)`` float32;
* ``classes`` is ``(K, 2)`` int32, the classes of the targets with ranks resolved.

Wanted classes are data, so switching them never traces again. The gradient is that of the graph itself
(``tf.gradients``) from the score down to the target layer's output: what lies below the layer is never differentiated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from streamcam.backends.errors import SizeError
from streamcam.backends.formulas import METHODS, fuse, support
from streamcam.backends.keras.ends import arranged, output_at
from streamcam.backends.keras.layers import LayerOutput, maps_in, record_outputs
from streamcam.backends.keras.operations import TensorFlowOperations
from streamcam.backends.keras.reasons import reason_of
from streamcam.backends.keras.recipro import by_place
from streamcam.backends.recipe import RIVALS, SIMILAR, Recipe
from streamcam.errors import LayerError, ModelError
from streamcam.models.layers import Layer, choose_layers, said
from streamcam.models.preprocessing import Preprocessing
from streamcam.system.libraries import load_tensorflow

if TYPE_CHECKING:
    import keras

Changes: TypeAlias = Mapping[str, Callable[[Any], Any]]

_CHANNELS_LAST = {"nchw": (0, 2, 3, 1), "ncthw": (0, 2, 3, 4, 1)}  # orders of axes that bring the channels there

# Half-precision gradients are computed this much larger, so that small ones are not rounded to zero.
_HALF_PRECISION_SCALE = 1024.0


def trace(recipe: Recipe, model: keras.Model) -> tuple[Any, tuple[str, ...]]:
    """Trace the Grad-CAM function of a classifier for one input size.

    Returns:
        A TensorFlow ``ConcreteFunction`` without variables, inputs and outputs as in the module's docstring, and the paths
        of the target layers, in the order of the network.

    Raises:
        LayerError: the layer does not exist, has no spatial map, or does not lead to the score.
        SizeError: the model cannot take an image of the recipe's size.
        ModelError: the model cannot be explained, or not by this method in TensorFlow.
    """
    load_tensorflow(recipe.classifier.name)
    import tensorflow as tf

    classifier, size, targets, frames = recipe.classifier, recipe.size, recipe.targets, recipe.classifier.frames
    if recipe.needs_openvino:
        raise ModelError(f"--method {recipe.method}: runs in OpenVINO, not in TensorFlow; use --engine openvino")
    chosen: list[Layer] = []

    def run(pixels: Any, changes: Changes | None = None) -> tuple[Any, dict[str, LayerOutput]]:
        with record_outputs(changes) as outputs:
            given = model(arranged(pixels, classifier.layout, model), training=False)
        return output_at(given, classifier.output), outputs

    def explain(image: Any, wanted: Any) -> tuple[Any, Any, Any]:
        pixels = _preprocess(image, classifier.preprocessing)
        output, outputs = run(pixels)
        tensors = {layer.path: (layer, tensor) for layer, tensor in maps_in(outputs.values(), size, frames)}
        taps = choose_layers([layer for layer, _ in tensors.values()], recipe.layers, classifier.name)
        chosen.extend(taps)
        activations = [tensors[tap.path][1] for tap in taps]
        logits, probabilities = scores_of(output, classifier.gives_probabilities)
        count = len(classifier.labels)
        if probabilities.shape != (count,):
            raise SizeError(f"{classifier.name}: gives output of shape {output.shape} at {size[1]}x{size[0]}")
        ranking = tf.math.top_k(probabilities, k=count).indices
        asked = wanted[:, :2]
        classes = tf.where(asked < 0, tf.gather(ranking, tf.maximum(-asked - 1, 0)), asked)
        # A class that does not exist, such as NO_CLASS, has no one in its row.
        own = tf.one_hot(classes[:, 0], count)
        weights = own - tf.one_hot(classes[:, 1], count) - _rivals(probabilities, ranking, classes, own)
        weights *= tf.cast(wanted[:, 2:], tf.float32)
        if recipe.method == "recipro-cam":

            def answer(path: str, change: Callable[[Any], Any]) -> Any:
                return scores_of(run(pixels, {path: change})[0], classifier.gives_probabilities)[1]

            tables = [by_place(partial(answer, tap.path), tap, count) for tap in taps]
            evidence = [_supports(taps, tables, weights[k]) for k in range(targets)]
            return tf.stack(evidence), probabilities, classes
        evidence = []
        for k in range(targets):
            gradients = _gradients(logits if recipe.score == "logit" else probabilities, weights[k], activations)
            for tap, gradient in zip(taps, gradients, strict=True):
                if gradient is None:
                    raise LayerError(f"{tap.path}: the score of {classifier.name} does not depend on this layer")
            maps = [_map(recipe, *each) for each in zip(taps, activations, gradients, strict=True)]
            evidence.append(fuse(TensorFlowOperations(), maps))
        return tf.stack(evidence), probabilities, classes

    shape = (frames, *size, 3) if frames else (*size, 3)
    signature = (tf.TensorSpec(shape, tf.uint8, "image"), tf.TensorSpec((targets, 3), tf.int32, "targets"))
    try:
        function = tf.function(explain, autograph=False).get_concrete_function(*signature)
    except ModelError:
        raise
    except (ValueError, TypeError, tf.errors.OpError) as error:
        raise SizeError(f"{classifier.name}: cannot take {said(size, frames)} ({reason_of(error)})") from error
    if size != classifier.input_size:
        _check_pooling(function.graph, classifier.name)
    return function, tuple(tap.path for tap in chosen)


def _preprocess(image: Any, how: Preprocessing) -> Any:
    """``(H, W, 3)`` uint8 BGR in, ``(1, H, W, 1 or 3)`` float32 out; or the same of ``(T, H, W, 3)``."""
    import tensorflow as tf

    pixels = tf.cast(image, tf.float32)
    if how.order == "rgb":
        pixels = tf.reverse(pixels, axis=[-1])
    elif how.order == "gray":  # BT.601 luma, as OpenCV's cvtColor
        pixels = tf.reduce_sum(pixels * [0.114, 0.587, 0.299], axis=-1, keepdims=True)
    return ((pixels - how.mean) / how.std)[tf.newaxis]


def scores_of(output: Any, gives_probabilities: bool) -> tuple[Any, Any]:
    """``(C,)`` logits and ``(C,)`` probabilities of the model's ``(1, C)`` output, both float32.

    The logits are the input of the softmax or sigmoid that the output ends in. Probabilities that come about in another
    way (the average of two heads) have their logarithms for logits, which a softmax turns into the same probabilities.
    Any other output is taken for logits of a softmax, or of a sigmoid where there is only one. One output makes two
    classes: no and yes.
    """
    import tensorflow as tf

    binary = output.shape[-1] == 1
    op = output.op
    while op.type in ("Identity", "Cast", "StopGradient", "Reshape", "Squeeze", "ExpandDims"):
        op = op.inputs[0].op
    if op.type in ("Softmax", "Sigmoid"):
        logits, probabilities = tf.reshape(tf.cast(op.inputs[0], tf.float32), output.shape), tf.cast(output, tf.float32)
    elif gives_probabilities:
        probabilities = tf.cast(output, tf.float32)
        logits = tf.math.log(tf.maximum(probabilities, 1e-12))
        if binary:
            logits -= tf.math.log(tf.maximum(1 - probabilities, 1e-12))
    else:
        logits = tf.cast(output, tf.float32)
        probabilities = tf.sigmoid(logits) if binary else tf.nn.softmax(logits)
    if binary:  # the other class is its opposite
        logits = logits * tf.constant([[-1.0, 1.0]])
        probabilities = probabilities * tf.constant([[-1.0, 1.0]]) + tf.constant([[1.0, 0.0]])
    return tf.reshape(logits, [-1]), tf.reshape(probabilities, [-1])


def _rivals(probabilities: Any, ranking: Any, classes: Any, own: Any) -> Any:
    """``(K, C)`` float32: of targets that are compared with their rivals, the weights of these, which add up to 1.

    They are weighted by their probabilities: Finer-CAM, Zhang et al. 2025 (arXiv:2501.11309), equation 4, as implemented in
    pytorch-grad-cam.
    """
    import tensorflow as tf

    marked = tf.reduce_sum(tf.one_hot(ranking[:RIVALS], own.shape[1]), axis=0)
    rest = marked * probabilities * (1 - own)
    shares = rest / tf.maximum(tf.reduce_sum(rest, axis=1, keepdims=True), 1e-30)
    return shares * tf.cast(classes[:, 1:] == SIMILAR, tf.float32)


def _gradients(scores: Any, weights: Any, activations: list[Any]) -> list[Any]:
    """float32 gradients of the weighted sum of scores, None where it does not depend on a layer."""
    import tensorflow as tf

    scale = _HALF_PRECISION_SCALE if any(a.dtype == tf.float16 for a in activations) else 1.0
    found = tf.gradients(scores, activations, grad_ys=weights * scale)
    return [None if gradient is None else tf.cast(gradient, tf.float32) / scale for gradient in found]


def _supports(layers: Sequence[Layer], tables: Sequence[Any], weights: Any) -> Any:
    """Float32 evidence of the probabilities of each place, ``(p, C)``, and the classes' weights, ``(C,)``."""
    import tensorflow as tf

    operations = TensorFlowOperations()
    maps = [support(operations, table, weights[tf.newaxis]) for table in tables]
    return fuse(operations, [tf.reshape(m, layer.grid) for m, layer in zip(maps, layers, strict=True)])


def _map(recipe: Recipe, layer: Layer, activations: Any, gradients: Any) -> Any:
    """``(h, w)`` or ``(t, h, w)`` float32 evidence of activations and gradients, which are laid out as the layer says."""
    import tensorflow as tf

    count = math.prod(layer.grid)
    pair = [activations, gradients]
    if layer.layout in _CHANNELS_LAST:
        pair = [tf.transpose(x, _CHANNELS_LAST[layer.layout]) for x in pair]
    elif layer.layout == "tokens":  # class tokens come first
        steps = activations.shape[0]
        pair = [x[:, -(count // steps) :] for x in pair]
    rows = [tf.transpose(tf.reshape(tf.cast(x, tf.float32), (-1, layer.shape[-1])))[tf.newaxis] for x in pair]
    return tf.reshape(METHODS[recipe.method](TensorFlowOperations(), *rows), layer.grid)


def _check_pooling(graph: Any, name: str) -> None:
    """Refuse a size at which a pooling window of fixed size ends the map and leaves part of it out."""
    for op in graph.get_operations():
        if op.type not in ("AvgPool", "MaxPool"):
            continue
        sides = slice(2, 4) if op.get_attr("data_format") == b"NCHW" else slice(1, 3)
        window, before, after = (
            op.get_attr("ksize")[sides],
            list(op.inputs[0].shape[sides]),
            list(op.outputs[0].shape[sides]),
        )
        if after == [1, 1] and before != window:
            raise SizeError(f"{name}: pools a fixed {window[0]}x{window[1]} window of a {before[0]}x{before[1]} map")
