"""A Keras model's forward graph for OpenVINO, with every spatial tensor as an output of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from streamcam.backends.errors import ConversionError, SizeError
from streamcam.backends.keras import reasons
from streamcam.backends.keras.ends import arranged, output_at
from streamcam.backends.keras.layers import candidates_in, record_outputs
from streamcam.backends.keras.runnable import frozen
from streamcam.backends.openvino.forward import Forward
from streamcam.backends.openvino.reasons import reason_of
from streamcam.backends.openvino.taps import with_maps
from streamcam.choices import InputLayout
from streamcam.models.classifier import Classifier
from streamcam.models.layers import Candidate, Layer, said
from streamcam.system.libraries import load_openvino, load_tensorflow

# Of tensors with the channels last: the layout with them before the places, and the order of axes that gives it.
_TURNS = {"nhwc": ("nchw", (0, 3, 1, 2)), "nthwc": ("ncthw", (0, 4, 1, 2, 3))}


def forward_of(classifier: Classifier, model: Any, size: tuple[int, int] | None = None) -> Forward:
    """Trace a model and convert it.

    Args:
        classifier: the classifier that it is.
        model: the Keras model.
        size: ``(height, width)`` of the input; None for any, or for its own where the model does not allow that.

    Raises:
        ConversionError: OpenVINO cannot take it over.
        SizeError: it cannot be called at this size.
    """
    if size is None:
        try:
            return _forward(classifier, model, (None, None), classifier.input_size)
        except (SizeError, ConversionError):
            size = classifier.input_size  # what it does needs numbers for height and width
    return _forward(classifier, model, size, size)


def _forward(
    classifier: Classifier, model: Any, size: tuple[int | None, int | None], image: tuple[int, int]
) -> Forward:
    function, candidates = _traced(classifier, model, size)
    try:
        layout: InputLayout = "nthwc" if classifier.frames else "nhwc"
        return with_maps(converted(function), candidates, image, _channels(classifier), layout, classifier.frames)
    except RuntimeError as error:
        raise ConversionError(reason_of(error)) from error


def layers_of(classifier: Classifier, model: Any) -> tuple[Layer, ...]:
    """The spatial layers of a model, at the size that it was built for.

    Raises:
        ConversionError: OpenVINO cannot take it over.
        ModelError: it cannot be called on one image.
    """
    return forward_of(classifier, model).layers


def converted(function: Any) -> Any:
    """Convert a TensorFlow function to an ``openvino.Model``, with its outputs in their order.

    OpenVINO reads variables as they are. It is frozen first only where that fails, since a large one takes TensorFlow long.

    OpenVINO's front end moves transpositions through the graph, and loses the names of what they pass. An output keeps
    its place, and leaves the graph as it is without it where it is in the order that OpenVINO computes in: channels
    before height and width.

    Args:
        function: a ``ConcreteFunction`` of one tensor.

    Raises:
        ConversionError: OpenVINO cannot take it over.
    """
    try:
        try:
            return _converted(function)
        except Exception:
            return _converted(frozen(function))
    except Exception as error:  # OpenVINO raises RuntimeErrors of its own
        reason = " ".join(str(error).split())
        for start in ("No conversion rule", "Failed operations detailed log:"):
            reason = reason[reason.find(start) :] if start in reason else reason
        raise ConversionError(reason[:160]) from error


def _converted(function: Any) -> Any:
    model = _convert(function.graph)
    outputs = {name: output for output in model.outputs for name in output.get_names()}
    results = [outputs[tensor.name].get_node() for tensor in function.outputs]
    return load_openvino().Model(results, model.get_parameters(), "forward")


def _traced(
    classifier: Classifier, model: Any, size: tuple[int | None, int | None]
) -> tuple[Any, tuple[Candidate, ...]]:
    """The model as a function of prepared pixels, which gives the tensors of its layers too."""
    load_tensorflow()
    import tensorflow as tf

    found: list[Candidate] = []

    def forward(pixels: Any) -> Any:
        with record_outputs() as outputs:
            given = model(arranged(pixels, classifier.layout, model), training=False)
        taps = []
        for candidate, tensor in candidates_in(outputs.values()):
            turned = _TURNS.get(candidate.layout) if tensor.shape.rank > 3 else None
            found.append(replace(candidate, layout=turned[0] if turned else candidate.layout))
            taps.append(tf.transpose(tensor, turned[1]) if turned else tf.identity(tensor))
        return [output_at(given, classifier.output), *taps]

    frames = (classifier.frames,) if classifier.frames else ()
    signature = tf.TensorSpec((1, *frames, *size, _channels(classifier)), tf.float32, "pixels")
    try:
        return tf.function(forward, autograph=False).get_concrete_function(signature), tuple(found)
    except (ValueError, TypeError, AttributeError, KeyError, tf.errors.OpError) as error:
        raise SizeError(
            f"{classifier.name}: cannot be called on {said(size, classifier.frames)} ({reasons.reason_of(error)})"
        ) from error


def _channels(classifier: Classifier) -> int:
    return 1 if classifier.preprocessing.order == "gray" else 3


def _convert(graph: Any) -> Any:
    """A graph as an OpenVINO model. Not by ``openvino.convert_model``, which reports its use over the network."""
    load_openvino()
    from openvino.frontend import FrontEndManager
    from openvino.frontend.tensorflow.graph_iterator import GraphIteratorTFGraph

    frontend = FrontEndManager().load_by_framework("tf")
    # The front end keeps no reference of its own to either of these while it converts.
    iterator = GraphIteratorTFGraph(graph, False)
    loaded = frontend.load(iterator)
    return frontend.convert(loaded)
