"""The Grad-CAM function of a classifier as one frozen TensorFlow graph.

``(image, targets) -> (heatmaps, probabilities, classes)``, where

* ``image`` is ``(height, width, 3)`` uint8, BGR, of exactly the size the graph was traced for;
* ``targets`` is ``(K, 3)`` int32: a class, the class it is compared with or ``NO_CLASS``, and 1, or -1 for what speaks
  against it; a class is an index, or a negative number for a rank (-1 the most probable class);
* ``heatmaps`` is ``(K, h, w)`` float32, raw evidence at the resolution of the target layer;
* ``probabilities`` is ``(C,)`` float32;
* ``classes`` is ``(K, 2)`` int32, the classes of the targets with ranks resolved.

Wanted classes are data, so switching them never traces again. The gradient is that of the graph itself
(``tf.gradients``) from the score down to the target layer's output: what lies below the layer is never differentiated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from streamcam.choices import Method, Score
from streamcam.errors import LayerError, ModelError
from streamcam.explain.gradients import plain_gradients
from streamcam.explain.head import closed_form
from streamcam.explain.methods import METHODS, fuse
from streamcam.models.classifier import Classifier
from streamcam.models.layers import LayerOutput, choose_layer, record_outputs
from streamcam.models.preprocessing import Preprocessing
from streamcam.system.libraries import load_tensorflow

# Half-precision gradients are computed this much larger, so that small ones are not rounded to zero.
_HALF_PRECISION_SCALE = 1024.0


class SizeError(ModelError):
    """The model cannot take an image of this size."""


@dataclass(frozen=True, slots=True)
class CamGraph:
    """A traced and frozen Grad-CAM function.

    Attributes:
        function: a TensorFlow ``ConcreteFunction`` without variables; inputs and outputs as in the module's docstring.
        layers: paths of the target layers, in the order of the network.
        has_closed_form: whether the gradient was known from the head's weights.
    """

    function: Any
    layers: tuple[str, ...]
    has_closed_form: bool


def trace(
    classifier: Classifier,
    size: tuple[int, int],
    targets: int,
    *,
    layers: tuple[str, ...],
    method: Method,
    score: Score,
    closed: bool = True,
) -> CamGraph:
    """Trace the Grad-CAM function of a classifier for one input size and freeze it.

    Args:
        classifier: whose decisions to explain.
        size: ``(height, width)`` of the image in pixels.
        targets: how many classes are explained at once, K.
        layers: paths of the target layers, whose maps are fused; none for the last one with a spatial map.
        method: name of the formula, one of ``METHODS``.
        score: which score is differentiated: the class's ``logit`` (before softmax or sigmoid), as the paper does, or
            its ``probability``.
        closed: whether a gradient that is known from the head's weights may be taken from there.

    Raises:
        LayerError: the layer does not exist, has no spatial map, or does not lead to the score.
        SizeError: the model cannot take an image of this size.
        ModelError: the model cannot be explained.
    """
    load_tensorflow()
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    model = classifier.model
    chosen: list[LayerOutput] = []
    known: list[bool] = []

    def explain(image: Any, wanted: Any) -> tuple[Any, Any, Any]:
        with record_outputs(size) as outputs, plain_gradients():
            output = model(_preprocess(image, classifier.preprocessing), training=False)
        found = list(outputs.values())
        taps = [choose_layer(found, layer, classifier.name) for layer in layers or (None,)]
        taps = sorted({tap.path: tap for tap in taps}.values(), key=found.index)
        chosen.extend(taps)
        activations = [tap.tensor for tap in taps]
        logits, probabilities = _scores(output, classifier.gives_probabilities)
        count = len(classifier.labels)
        if probabilities.shape != (count,):
            raise SizeError(f"{classifier.name}: gives output of shape {output.shape} at {size[1]}x{size[0]}")
        ranking = tf.math.top_k(probabilities, k=count).indices
        asked = wanted[:, :2]
        classes = tf.where(asked < 0, tf.gather(ranking, tf.maximum(-asked - 1, 0)), asked)
        # A class that does not exist, such as NO_CLASS, has no one in its row.
        weights = tf.one_hot(classes[:, 0], count) - tf.one_hot(classes[:, 1], count)
        weights *= tf.cast(wanted[:, 2:], tf.float32)
        head = closed_form(logits, activations[0]) if closed and score == "logit" and len(taps) == 1 else None
        known.append(head is not None)
        evidence = []
        for k in range(targets):
            if head is not None:
                gradients = [_spread(tf.linalg.matvec(head, weights[k]), activations[0].shape[1:])]
            else:
                gradients = _gradients(logits if score == "logit" else probabilities, weights[k], activations)
            for tap, gradient in zip(taps, gradients, strict=True):
                if gradient is None:
                    raise LayerError(f"{tap.path}: the score of {classifier.name} does not depend on this layer")
            pairs = zip(activations, gradients, strict=True)
            evidence.append(fuse([METHODS[method](tf.cast(a[0], tf.float32), g) for a, g in pairs]))
        return tf.stack(evidence), probabilities, classes

    signature = (tf.TensorSpec((*size, 3), tf.uint8, "image"), tf.TensorSpec((targets, 3), tf.int32, "targets"))
    try:
        function = tf.function(explain, autograph=False).get_concrete_function(*signature)
    except ModelError:
        raise
    except (ValueError, TypeError, tf.errors.OpError) as error:
        reason = " ".join(str(error).split())[:200]
        raise SizeError(f"{classifier.name}: cannot be traced at {size[1]}x{size[0]} ({reason})") from error
    if size != classifier.input_size:
        _check_pooling(function.graph, classifier.name)
    frozen = convert_variables_to_constants_v2(function, aggressive_inlining=True)
    return CamGraph(frozen, tuple(tap.path for tap in chosen), known[0])


def _preprocess(image: Any, how: Preprocessing) -> Any:
    """``(H, W, 3)`` uint8 BGR in, ``(1, H, W, 1 or 3)`` float32 out."""
    import tensorflow as tf

    pixels = tf.cast(image, tf.float32)
    if how.order == "rgb":
        pixels = tf.reverse(pixels, axis=[-1])
    elif how.order == "gray":  # BT.601 luma, as OpenCV's cvtColor
        pixels = tf.reduce_sum(pixels * [0.114, 0.587, 0.299], axis=-1, keepdims=True)
    return ((pixels - how.mean) / how.std)[tf.newaxis]


def _scores(output: Any, gives_probabilities: bool) -> tuple[Any, Any]:
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
    if binary:  # as products: OpenVINO converts no gradient of a concatenation
        logits = logits * tf.constant([[-1.0, 1.0]])
        probabilities = probabilities * tf.constant([[-1.0, 1.0]]) + tf.constant([[1.0, 0.0]])
    return tf.reshape(logits, [-1]), tf.reshape(probabilities, [-1])


def _gradients(scores: Any, weights: Any, activations: list[Any]) -> list[Any]:
    """``(h, w, c)`` float32 gradients of the weighted sum of scores, None where it does not depend on a layer."""
    import tensorflow as tf

    scale = _HALF_PRECISION_SCALE if any(a.dtype == tf.float16 for a in activations) else 1.0
    found = tf.gradients(scores, activations, grad_ys=weights * scale)
    return [None if gradient is None else tf.cast(gradient[0], tf.float32) / scale for gradient in found]


def _spread(weights: Any, shape: Any) -> Any:
    """``(h, w, c)`` float32: the gradient of a mean over the map, the same at every place."""
    import tensorflow as tf

    height, width, channels = shape
    return tf.broadcast_to(weights / (height * width), (height, width, channels))


def _check_pooling(graph: Any, name: str) -> None:
    """Refuse a size at which a pooling window of fixed size ends the map and leaves part of it out."""
    for op in graph.get_operations():
        if op.type not in ("AvgPool", "MaxPool"):
            continue
        window, before, after = op.get_attr("ksize")[1:3], list(op.inputs[0].shape[1:3]), list(op.outputs[0].shape[1:3])
        if after == [1, 1] and before != window:
            raise SizeError(f"{name}: pools a fixed {window[0]}x{window[1]} window of a {before[0]}x{before[1]} map")
