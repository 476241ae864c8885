"""Certainties in words."""

from __future__ import annotations

import numpy as np
import pytest

from streamcam.errors import OptionError
from streamcam.settings import HeatSettings
from streamcam.steady.heat import make_steady
from streamcam.steady.verdict import Judge


def test_certainties_become_words():
    assert Judge(0.7, 0.35).verdict(0.9) == "sure"
    assert Judge(0.7, 0.35).verdict(0.5) == "unsure"
    assert Judge(0.7, 0.35).verdict(0.3) == "no idea"
    assert Judge(0.0, 0.0).verdict(0.0) == "sure"
    assert Judge(1.0, 1.0).verdict(0.99) == "no idea"
    assert Judge(1.0, 1.0).verdict(1.0) == "sure"


def test_near_a_threshold_the_last_word_stays():
    for threshold in (0.7, 0.35):
        judge = Judge(0.7, 0.35)
        values = threshold + 0.04 * np.sin(np.arange(60))
        assert len({judge.verdict(float(value)) for value in values}) == 1
    judge = Judge(0.7, 0.35)
    assert [judge.verdict(value) for value in (0.9, 0.65, 0.5, 0.65, 0.9)] == [
        "sure",
        "sure",
        "unsure",
        "unsure",
        "sure",
    ]
    assert judge.verdict(0.65, afresh=True) == "unsure"


@pytest.mark.parametrize(("sure", "no_idea"), [(1.1, 0.3), (0.5, -0.1), (0.2, 0.3), (float("nan"), 0.1)])
def test_what_is_no_threshold_is_refused(sure, no_idea):
    with pytest.raises(OptionError, match="no-idea"):
        make_steady(HeatSettings(sure=sure, no_idea=no_idea))
