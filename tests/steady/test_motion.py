"""Motion between pictures, and cuts."""

from __future__ import annotations

import numpy as np
import pytest
from makers.footage import SIZE, texture

from streamcam import Region
from streamcam.steady.motion import motion, small_gray


def test_motion_is_found_and_a_cut_is_told_from_it():
    region = Region(0, 0, *SIZE)
    one, moved, other = (small_gray(p, region) for p in (texture(3), texture(3, 4), texture(4)))
    here = motion(moved, one)
    assert np.median(here.flow[..., 0]) == pytest.approx(-4 * one.shape[1] / SIZE[0], abs=0.5)
    assert not here.is_cut
    assert motion(other, one).is_cut
    assert not motion(one, one).is_cut
