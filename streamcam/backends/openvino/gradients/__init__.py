"""Reverse-mode differentiation of an OpenVINO graph: the gradient is written on it as ordinary operations.

Walking back from a score, each operation passes the gradient of its output on to its inputs by a rule (Griewank and
Walther 2008, chapter 3). Operations that lie below the wanted tensors are never touched. A new rule is a function in the
module of its kind, registered with ``rule`` under the operation's type name.
"""

from streamcam.backends.openvino.gradients import (
    activations,
    arithmetic,
    convolutions,
    normalisation,
    pooling,
    reductions,
    shapes,
    slices,
)
from streamcam.backends.openvino.gradients.reverse import gradients

__all__ = [
    "activations",
    "arithmetic",
    "convolutions",
    "gradients",
    "normalisation",
    "pooling",
    "reductions",
    "shapes",
    "slices",
]
