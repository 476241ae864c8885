"""What runs a traced function on this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamcam.system.libraries import has_gpu


def runnable(function: Any) -> Callable[..., Any]:
    """A ``ConcreteFunction`` of static shapes as something that can be called here.

    TensorFlow's own kernels compute convolutions and pooling with the channels first on a GPU only. Where there is none,
    its compiler XLA takes such a function.
    """
    if not _has_channels_first(function.graph) or has_gpu():
        return function  # type: ignore[no-any-return]
    import tensorflow as tf

    fed = function.inputs[: len(function.inputs) - len(function.captured_inputs)]
    compiled = tf.function(lambda *given: function(*given), jit_compile=True, autograph=False)
    return compiled.get_concrete_function(*(tf.TensorSpec(x.shape, x.dtype) for x in fed))  # type: ignore[no-any-return]


def frozen(function: Any) -> Any:
    """A ``ConcreteFunction`` without variables; one of constants alone, which may be as large, stays as it is."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    if not function.captured_inputs:
        return function
    return convert_variables_to_constants_v2(function, aggressive_inlining=True)


def _has_channels_first(graph: Any) -> bool:
    nodes = (operation.node_def for operation in graph.get_operations())
    return any("data_format" in node.attr and node.attr["data_format"].s == b"NCHW" for node in nodes)
