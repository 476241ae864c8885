"""Which corner is written into, over the frames of a video."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from makers.heats import CORNERS, boxed, heated

from streamcam.drawing.corner import LOWER_RIGHT, UPPER_LEFT, UPPER_RIGHT, SteadyCorner, corner_box, covered

SIZE = 320, 240
BOXES = [corner_box(k, (240, 320), 140, 80, 5) for k in range(4)]


def spot(place, index, **fields):
    return heated(*SIZE, CORNERS.get(place, place), index=index, **fields)


def followed(corner, explanations):
    return [corner.follow(explanation, BOXES) for explanation in explanations]


def moves(corners):
    return sum(one != other for one, other in pairwise(corners))


def test_what_is_covered_is_the_share_of_the_heat_in_a_box():
    even = replace(heated(*SIZE, (0.5, 0.5)), heat=np.ones((1, 6, 8), np.float32))
    np.testing.assert_allclose(covered(even, BOXES), 140 * 80 / (320 * 240), atol=1e-4)
    left = covered(spot("upper left", 0), BOXES)
    assert left[UPPER_LEFT] > 0.6
    assert left[LOWER_RIGHT] < 0.01
    faint = spot("upper left", 0)
    assert covered(replace(faint, heat=faint.heat * 1e-6), BOXES).max() < 0.01  # nothing to be seen


def test_a_region_of_interest_is_as_little_to_be_covered():
    even = replace(heated(*SIZE, (0.5, 0.5)), heat=np.ones((1, 6, 8), np.float32))
    assert SteadyCorner().follow(even, BOXES) == UPPER_LEFT
    assert SteadyCorner().follow(replace(even, inside=boxed(0, 0, 150, 40)), BOXES) == UPPER_RIGHT
    assert SteadyCorner().follow(replace(even, inside=boxed(0, 0, 310, 60)), BOXES) > UPPER_RIGHT


def test_the_line_below_a_live_picture_stays_free():
    assert corner_box(LOWER_RIGHT, (240, 320, 3), 100, 50, 5, below=20) == (215, 165, 100, 50)
    assert corner_box(UPPER_LEFT, (240, 320, 3), 100, 50, 5, below=20) == (5, 5, 100, 50)


def test_it_moves_when_heat_stays_and_not_when_it_passes():
    corner = SteadyCorner()
    passing = [spot("lower right" if n % 40 < 36 else "upper left", n) for n in range(190)]
    assert set(followed(corner, passing)) == {UPPER_LEFT}
    corners = followed(corner, [spot("upper left", n) for n in range(190, 240)])
    assert corners[-1] != UPPER_LEFT
    assert moves(corners) == 1
    assert 8 <= corners.index(corners[-1]) <= 30


def test_it_stays_where_heat_is_everywhere():
    random = np.random.default_rng(3)
    noise = [replace(spot((0.5, 0.5), n), heat=random.random((1, 6, 8), np.float32)) for n in range(2000)]
    assert moves(followed(SteadyCorner(), noise)) == 0


def test_heat_that_swings_between_two_corners_does_not_swing_the_panel():
    swinging = [spot("upper left" if n // 15 % 2 else "lower right", n) for n in range(900)]
    assert moves(followed(SteadyCorner(), swinging)) <= 1


def test_at_a_cut_the_best_is_taken_at_once():
    corner = SteadyCorner()
    assert set(followed(corner, [spot("lower right", n) for n in range(50)])) == {UPPER_LEFT}
    assert corner.follow(spot("upper left", 50, cut=True), BOXES) != UPPER_LEFT
    assert corner.follow(spot("lower right", 51), BOXES) != UPPER_LEFT  # no cut


def test_another_video_begins_afresh():
    corner = SteadyCorner()
    followed(corner, [spot("lower right", n) for n in range(50)])
    assert corner.follow(spot("upper left", 0), BOXES) != UPPER_LEFT


def test_an_explanation_that_is_shown_again_counts_once():
    corner = SteadyCorner()
    corner.follow(spot("lower right", 7), BOXES)
    assert set(followed(corner, [spot("upper left", 7)] * 100)) == {UPPER_LEFT}


@pytest.mark.parametrize("begin", [700, 1000, 1234])
def test_it_forgets_so_that_a_part_of_a_video_agrees_with_the_whole(begin):
    film = [spot("upper left" if n < 60 else (0.5, 0.9), n) for n in range(1500)]
    whole = followed(SteadyCorner(), film)
    assert whole[59] != UPPER_LEFT
    assert followed(SteadyCorner(), film[begin:])[150:] == whole[begin + 150 :]
