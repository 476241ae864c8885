"""What a network's scores are, told by the operations that they come from: probabilities, or numbers of any size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from streamcam.models.classifier import ASSUMED_BINARY
from streamcam.types import Float32Array

Ending = Literal["probabilities", "logarithms", "linear", "unknown"]

# Operations of TensorFlow and of OpenVINO, by their names there.
_FORMS = frozenset(
    {
        *(
            "Cast",
            "Convert",
            "ExpandDims",
            "FakeQuantize",
            "Identity",
            "Reshape",
            "Squeeze",
            "StopGradient",
            "Transpose",
        ),
        "Unsqueeze",
    }
)
_SQUASHING = frozenset({"HardSigmoid", "Sigmoid", "Softmax"})
# Of probabilities alone, they give what may be some again: heads side by side, or their average.
_COMBINING = frozenset(
    {
        *(
            "Add",
            "AddN",
            "AddV2",
            "Concat",
            "ConcatV2",
            "Div",
            "Divide",
            "Max",
            "Maximum",
            "Mean",
            "Min",
            "Minimum",
            "Mul",
        ),
        *("Multiply", "Pack", "RealDiv", "ReduceMax", "ReduceMean", "ReduceMin", "Sub", "Subtract"),
    }
)
# What they give can be no probability, whatever numbers one picture gives.
_LINEAR = frozenset(
    {
        *("Add", "AddV2", "BatchMatMulV2", "BiasAdd", "Conv2D", "Convolution", "GroupConvolution", "MatMul", "Relu"),
        "Tanh",
    }
)
_GIVEN = frozenset({"Const", "Constant", "Placeholder", "ReadVariableOp"})
_ROUNDING = 1e-3

# That two frameworks may give otherwise, in f32 in other orders of summation. What is wrong is wrong by far more.
MOST_PROBABILITY = 1e-3


def ending_of(node: Any, kind: Callable[[Any], str], inputs: Callable[[Any], Sequence[Any]]) -> Ending:
    """What an operation gives.

    Args:
        node: the last of a network.
        kind: gives the kind of one.
        inputs: gives the operations whose results one takes, in order.
    """

    def is_probable(node: Any) -> bool:
        here = kind(node)
        if here in _FORMS:
            return is_probable(inputs(node)[0])
        if here in _COMBINING:
            parts = [part for part in inputs(node) if kind(part) not in _GIVEN]
            return bool(parts) and all(is_probable(part) for part in parts)
        return here in _SQUASHING

    if is_probable(node):
        return "probabilities"
    while kind(node) in _FORMS:
        node = inputs(node)[0]
    if kind(node) == "LogSoftmax":
        return "logarithms"
    return "linear" if kind(node) in _LINEAR else "unknown"


def are_probabilities(ending: Ending, scores: Float32Array) -> bool:
    """Whether ``(1, C)`` scores of one picture are probabilities.

    None may be negative or above 1. Where it is not known what they are made of, several of them must have the sum 1.
    """
    if ending in ("linear", "logarithms") or scores.min() < 0 or scores.max() > 1 + _ROUNDING:
        return False
    return ending == "probabilities" or scores.shape[1] == 1 or abs(float(scores.sum()) - 1) < _ROUNDING


def assumed_of(ending: Ending, scores: Float32Array) -> str:
    """A line for ``Classifier.assumed`` where scores have to become probabilities first, else an empty one."""
    if ending == "logarithms" or are_probabilities(ending, scores):
        return ""
    if scores.shape[1] == 1:
        return f"{ASSUMED_BINARY}, read as yes or no by its sign (--labels with two names confirms it)"
    return "scores read as logits: softmax applied"


def largest_difference(a: Float32Array, b: Float32Array) -> float:
    """Of two arrays of one shape; infinite where either holds what is no number."""
    difference = np.abs(a - b).max()
    return float(difference) if np.isfinite(difference) else float("inf")


def as_probabilities(scores: Float32Array, *, gives_probabilities: bool) -> Float32Array:
    """``(1, C)`` scores as they are, or those of a softmax; of a sigmoid where there is one."""
    if gives_probabilities:
        return scores
    if scores.shape[1] == 1:
        return np.asarray(1 / (1 + np.exp(-scores)), np.float32)
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum(), np.float32)
