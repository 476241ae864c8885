"""The formulas' operations in TensorFlow's graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamcam.types import Float32Array


class TensorFlowOperations:
    """See ``formulas.Operations``."""

    def shape(self, x: Any) -> tuple[int, ...]:
        """See ``Operations``."""
        return tuple(x.shape)

    def constant(self, value: Float32Array) -> Any:
        """See ``Operations``."""
        return _tf().constant(value)

    def reshape(self, x: Any, shape: Sequence[int]) -> Any:
        """See ``Operations``."""
        return _tf().reshape(x, shape)

    def sum(self, x: Any, axes: Sequence[int] | None = None) -> Any:
        """See ``Operations``."""
        return _tf().reduce_sum(x, axis=axes, keepdims=axes is not None)

    def transpose(self, x: Any, order: Sequence[int]) -> Any:
        """See ``Operations``."""
        return _tf().transpose(x, order)

    def max(self, x: Any) -> Any:
        """See ``Operations``."""
        return _tf().reduce_max(x)

    def relu(self, x: Any) -> Any:
        """See ``Operations``."""
        return _tf().nn.relu(x)

    def abs(self, x: Any) -> Any:
        """See ``Operations``."""
        return _tf().abs(x)

    def sqrt(self, x: Any) -> Any:
        """See ``Operations``."""
        return _tf().sqrt(x)

    def matmul(self, a: Any, b: Any, *, flip_a: bool = False, flip_b: bool = False) -> Any:
        """See ``Operations``."""
        return _tf().matmul(a, b, transpose_a=flip_a, transpose_b=flip_b)

    def where_less(self, a: Any, b: Any, yes: Any, no: Any) -> Any:
        """See ``Operations``."""
        return _tf().where(a < b, yes, no)


def _tf() -> Any:
    import tensorflow as tf

    return tf
