"""Weights that are no numbers: what has them answers something all the same, since an activation makes 0 of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from streamcam.errors import ModelError

_WEIGHTED = ("Convolution", "GroupConvolution", "ConvolutionBackpropData", "MatMul")
_PASSED = ("Convert", "Reshape", "Transpose", "Multiply", "Unsqueeze")  # between stored weights and what uses them


def check_finite(model: Any, name: str) -> None:
    """Look through the constants of an ``openvino.Model``. Elsewhere than in weights they may be infinite, as masks are.

    Raises:
        ModelError: some are NaN, or weights are infinite.
    """
    for node in model.get_ops():
        if node.get_type_name() != "Constant" or not node.get_element_type().is_real():
            continue
        values = np.asarray(node.get_data())
        if np.isfinite(values.sum()):  # of most: much sooner than looking at each
            continue
        what = "NaN" if np.isnan(values).any() else "infinite" if np.isinf(values).any() and _is_weight(node) else ""
        if what:
            raise ModelError(
                f"{name}: damaged, as weights of it are {what} ({node.get_friendly_name()}); its training may have diverged: "
                "use an earlier checkpoint"
            )


def _is_weight(node: Any) -> bool:
    users = [place.get_node() for output in node.outputs() for place in output.get_target_inputs()]
    return any(
        user.get_type_name() in _WEIGHTED or (user.get_type_name() in _PASSED and _is_weight(user)) for user in users
    )
