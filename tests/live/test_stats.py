"""What a session counts and times."""

from __future__ import annotations

import numpy as np
import pytest

from streamcam.live.stats import Histogram


def test_percentiles_are_right_to_two_percent():
    histogram = Histogram()
    values = np.random.default_rng(0).exponential(0.02, 5000)
    for value in values:
        histogram.add(float(value))
    for share in (0.5, 0.95, 0.99):
        assert histogram.percentile(share) == pytest.approx(np.quantile(values, share), rel=0.03)
    assert Histogram().percentile(0.5) is None
