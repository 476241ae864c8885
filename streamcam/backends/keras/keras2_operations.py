"""TensorFlow functions as layers, which Keras 2 wrote into files for arithmetic between layers (``x / 127.5 - 1``)."""

from __future__ import annotations

import re
from typing import Any

import keras

# Functions that only compute: none of these modules of TensorFlow reads, writes or calls anything.
_COMPUTES = re.compile(r"(compat\.v1\.)?((math|nn|image|linalg|__operators__)\.)?[a-z]\w*")
_OUTERMOST = re.compile(
    "abs|add|add_n|argmax|argmin|broadcast_to|cast|ceil|clip_by_norm|clip_by_value|concat|cos|divide|einsum|"
    "equal|exp|expand_dims|floor|gather|greater|greater_equal|identity|less|less_equal|logical_and|logical_not|"
    "logical_or|matmul|maximum|minimum|multiply|norm|not_equal|ones_like|pad|pow|range|rank|realdiv|reduce_max|"
    "reduce_mean|reduce_min|reduce_prod|reduce_sum|repeat|reshape|reverse|round|saturate_cast|shape|sigmoid|"
    "sign|sin|size|slice|split|sqrt|square|squeeze|stack|stop_gradient|strided_slice|subtract|tanh|tensordot|"
    "tile|transpose|truediv|unstack|where|zeros_like"
)


class TFOpLambda(keras.Operation):
    """A function of TensorFlow, by the name that Keras 2 gave it, such as ``math.truediv``.

    Raises:
        ValueError: it is none that only computes.
    """

    def __init__(self, function: str, name: str | None = None) -> None:
        super().__init__(name=name)
        self._function = _function(function)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute it."""
        return self._function(*args, **kwargs)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TFOpLambda:
        """Make it from what Keras 2 wrote; what a layer has besides is left out."""
        return cls(config["function"], config.get("name"))


class SlicingOpLambda(TFOpLambda):
    """``x[...]``, whose slices Keras 2 wrote as dicts."""

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute it."""
        return super().call(*map(_slices, args), **{name: _slices(value) for name, value in kwargs.items()})


OPERATIONS = {"TFOpLambda": TFOpLambda, "SlicingOpLambda": SlicingOpLambda}


def _function(name: Any) -> Any:
    import tensorflow as tf

    found: Any = tf
    if isinstance(name, str) and _COMPUTES.fullmatch(name):
        *modules, last = name.split(".")
        if set(modules) - {"compat", "v1"} or _OUTERMOST.fullmatch(last):
            for part in (*modules, last):
                found = getattr(found, part, None)
    if found is tf or not callable(found):
        raise ValueError(f"unknown operation {name}")
    return found


def _slices(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return tuple(_slices(item) for item in value)
    if isinstance(value, dict):
        if value.keys() == {"start", "stop", "step"}:
            return slice(value["start"], value["stop"], value["step"])
        if value.get("class_name") == "__ellipsis__":
            return Ellipsis
    return value
