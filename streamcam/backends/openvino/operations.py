"""The formulas' operations in OpenVINO's graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from streamcam.backends.openvino.gradients.rules import integers, ops, shape_of
from streamcam.types import Float32Array


class OpenVINOOperations:
    """See ``formulas.Operations``. Tensors are nodes with one output."""

    def shape(self, x: Any) -> tuple[int, ...]:
        """See ``Operations``."""
        return shape_of(x.output(0))

    def constant(self, value: Float32Array) -> Any:
        """See ``Operations``."""
        return ops().constant(np.ascontiguousarray(value, np.float32))

    def reshape(self, x: Any, shape: Sequence[int]) -> Any:
        """See ``Operations``."""
        return ops().reshape(x, integers(list(shape)), False)

    def sum(self, x: Any, axes: Sequence[int] | None = None) -> Any:
        """See ``Operations``."""
        along = list(range(len(self.shape(x)))) if axes is None else list(axes)
        return ops().reduce_sum(x, integers(along), axes is not None)

    def transpose(self, x: Any, order: Sequence[int]) -> Any:
        """See ``Operations``."""
        return ops().transpose(x, integers(list(order)))

    def max(self, x: Any) -> Any:
        """See ``Operations``."""
        return ops().reduce_max(x, integers(list(range(len(self.shape(x))))), False)

    def relu(self, x: Any) -> Any:
        """See ``Operations``."""
        return ops().relu(x)

    def abs(self, x: Any) -> Any:
        """See ``Operations``."""
        return ops().absolute(x)

    def sqrt(self, x: Any) -> Any:
        """See ``Operations``."""
        return ops().sqrt(x)

    def matmul(self, a: Any, b: Any, *, flip_a: bool = False, flip_b: bool = False) -> Any:
        """See ``Operations``."""
        return ops().matmul(a, b, flip_a, flip_b)

    def where_less(self, a: Any, b: Any, yes: Any, no: Any) -> Any:
        """See ``Operations``."""
        return ops().select(ops().less(a, b), yes, no)
