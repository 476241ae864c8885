"""What OpenVINO says, in one line for people."""

from __future__ import annotations

import re

import numpy as np
import pytest

from streamcam.backends.openvino.reasons import reason_of
from streamcam.system.libraries import load_openvino


def test_the_operation_is_named_and_no_place_in_openvinos_sources():
    load_openvino()
    from openvino import opset13 as op

    with pytest.raises(RuntimeError) as raised:
        op.add(op.parameter([2, 3], np.float32), op.parameter([4, 5], np.float32, name="p"))
    assert str(raised.value).count("\n") > 1
    assert re.fullmatch(r"Add '\w+': Argument shapes are inconsistent", reason_of(raised.value))


def test_a_long_reason_is_cut_and_an_empty_one_is_the_kind_of_error():
    assert reason_of(RuntimeError("a" * 999), most=10) == "aaaaaaaaa…"
    assert reason_of(RuntimeError("Exception from src/core.cpp:12:\n")) == "RuntimeError"
