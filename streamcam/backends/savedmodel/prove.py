"""Whether OpenVINO's graph answers as the TensorFlow graph that it was made from."""

from __future__ import annotations

from typing import Any

from streamcam.backends.ending import (
    MOST_PROBABILITY,
    are_probabilities,
    as_probabilities,
    largest_difference,
)
from streamcam.backends.keras.reasons import reason_of
from streamcam.backends.keras.runnable import runnable
from streamcam.backends.openvino.graph import Graph, fed, scoring
from streamcam.errors import ModelError
from streamcam.photographs import varied

# What rounds scores at the end of a quantised graph, and is left out of OpenVINO's.
_ROUNDING = frozenset({"Identity", "FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVars"})
# Where numbers are rounded to steps within, a difference in the last digit becomes one of a step.
_MOST_QUANTISED = 2e-2


def prove(graph: Graph, frozen: Any, scores: Any, name: str) -> str:
    """Run both on photographs and on noise.

    Args:
        graph: what OpenVINO made of it.
        frozen: TensorFlow's function of one image, which may only compute.
        scores: its tensor of the scores.
        name: of the model, in messages.

    Returns:
        Why it could not be done, or nothing.

    Raises:
        ModelError: they answer otherwise.
    """
    import tensorflow as tf

    while scores.op.type in _ROUNDING:
        scores = scores.op.inputs[0]
    (pixels,) = (tensor for tensor in frozen.inputs if tensor.dtype != tf.resource)
    if graph.image.parameter.get_element_type().to_dtype() != pixels.dtype.as_numpy_dtype:
        return "its input is quantised"
    reference, candidate = runnable(frozen.prune([pixels], scores)), scoring(graph)
    quantised = any("Quant" in operation.type for operation in frozen.graph.get_operations())
    allowed = _MOST_QUANTISED if quantised else MOST_PROBABILITY
    most = 0.0
    for picture in varied(*graph.image.size, graph.image.frames):
        image = fed(graph, picture)
        try:
            expected = tf.cast(reference(tf.constant(image)), tf.float32).numpy().reshape(1, -1)
        except (tf.errors.OpError, ValueError) as error:
            return f"TensorFlow cannot run it here ({reason_of(error)})"
        found = candidate(image)
        if expected.shape != found.shape:
            raise ModelError(
                f"{name}: OpenVINO gives {found.size} scores, TensorFlow {expected.size}; export it as ONNX"
            )
        probable = are_probabilities(graph.ending, found)
        both = (as_probabilities(given, gives_probabilities=probable) for given in (expected, found))
        most = max(most, largest_difference(*both))
    if most > allowed:
        raise ModelError(
            f"{name}: OpenVINO answers otherwise than TensorFlow: its probabilities differ by up to {most:.2g}; "
            "export it as ONNX"
        )
    return ""
