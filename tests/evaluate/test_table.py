"""All measures of a trained model on a clip."""

from __future__ import annotations

from functools import partial

import pytest

from streamcam import GradCAM
from streamcam.annotation.roi import parse_roi
from streamcam.evaluate.table import measure


def test_a_trained_model_is_told_from_a_random_one(bundled, sample):
    row = measure([sample], bundled, partial(GradCAM, size=128), frames=2, seed=3, rois=[parse_roi("0,0,640,360")])
    assert row.frames == 2
    assert row.insertion > row.deletion
    assert row.road > 0
    assert row.sanity_all < 0.5
    assert row.pointing == 1 == pytest.approx(row.inside)
    assert row.flicker_file < row.flicker_live < row.flicker_raw
    assert row.lag <= 1
    assert row.kept > 0.9
    assert abs(row.insertion_steady - row.insertion_video) < 0.05
