"""Motion between pictures, and cuts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
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


def test_threads_find_motion_at_the_same_time():
    pictures = [small_gray(texture(3, shift), Region(0, 0, *SIZE)) for shift in range(8)]
    larger = [cv2.resize(picture, None, fx=1.5, fy=2) for picture in pictures]

    def found(these):
        return [motion(one, these[0]).flow.mean() for one in these * 40]

    with ThreadPoolExecutor(4) as threads:
        at_once = list(threads.map(found, [pictures, larger] * 2))
    assert at_once == [found(pictures), found(larger)] * 2
