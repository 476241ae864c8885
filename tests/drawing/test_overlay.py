"""Explanations on pictures, in every layout."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
from makers.heats import CORNERS, LABELS, boxed, heated, written

from streamcam.choices import Layout
from streamcam.drawing.colours import colour_table
from streamcam.drawing.overlay import Overlay, SteadyDrawing
from streamcam.errors import OptionError
from streamcam.types import Region

SIZES = [(1280, 720), (720, 1280), (160, 120), (161, 119), (16, 16), (1, 1), (3000, 20), (20, 3000), (4000, 700)]


def random_image(height=90, width=160):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def plain(width, height, value=128):
    return np.full((height, width, 3), value, np.uint8)


def test_only_what_the_model_saw_is_coloured():
    image, seen = random_image(100, 200), Region(50, 0, 150, 100)
    explanation = replace(heated(100, 100, (0.5, 0.5)), heat=np.ones((1, 2, 2), np.float32), region=seen)
    drawn = Overlay(LABELS, hud=False).draw(image, explanation)
    np.testing.assert_array_equal(drawn[:, :50], image[:, :50])
    np.testing.assert_array_equal(drawn[:, 150:], image[:, 150:])
    assert (drawn[:, 60:140] != image[:, 60:140]).mean() > 0.5
    alone = Overlay(LABELS, hud=False, layout="heatmap").draw(image, explanation)
    hot = colour_table("jet")[255, 0]
    assert (alone[10:90, 60:140] == hot).all()
    assert len(np.unique(alone[:, :50])) == len(np.unique(alone[:, 150:])) == 1  # neither picture nor heat


@pytest.mark.parametrize(
    "option", [{"alpha": 1.5}, {"alpha": -0.1}, {"mode": "x"}, {"colormap": "x"}, {"top_k": -1}, {"layout": "x"}]
)
def test_settings_outside_their_range_are_refused(option):
    with pytest.raises(OptionError):
        Overlay((), **option)


@pytest.mark.parametrize("targets", [1, 2, 5])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("layout", get_args(Layout))
def test_every_layout_keeps_the_picture_and_its_size(layout, size, targets):
    width, height = size
    image = random_image(height, width)
    before = image.copy()
    explanation = heated(width, height, *[(0.3, 0.3), (0.7, 0.6)][:targets], *[(0.5, 0.5)] * (targets - 2))
    inside = boxed(width // 2, height // 2, width // 4, height // 4)
    explanation = replace(explanation, inside=replace(inside, shares=(0.8, None, 0.0, 1.0, 0.5)[:targets]))
    drawn = Overlay(LABELS, layout=layout).draw(image, explanation)
    assert drawn.shape == image.shape
    assert drawn.dtype == np.uint8
    np.testing.assert_array_equal(image, before)


def test_heat_alone_is_in_the_colours_of_its_map_and_cold_where_there_is_none():
    image, explanation = random_image(480, 640), heated(640, 480, CORNERS["upper left"])
    for name in ("jet", "viridis"):
        drawn = Overlay(LABELS, hud=False, layout="heatmap", colormap=name).draw(image, explanation)
        assert (drawn[470, 630] == colour_table(name)[0, 0]).all()
        assert np.abs(drawn[96, 128].astype(int) - colour_table(name)[255, 0]).max() < 40
        assert set(map(tuple, drawn.reshape(-1, 3))) <= set(map(tuple, colour_table(name)[:, 0]))
    two = Overlay(LABELS, hud=False, layout="heatmap").draw(
        image, heated(640, 480, CORNERS["upper left"], CORNERS["lower right"])
    )
    assert (two[240, 40] < 30).all()  # between the two
    assert two[96, 128].argmax() != two[384, 512].argmax()  # each in its own colour


def test_the_scale_of_the_heat_alone_goes_from_cold_to_hot():
    image, explanation = plain(640, 480), heated(640, 480, CORNERS["lower right"])
    drawn, bare = (Overlay(LABELS, layout="heatmap", hud=hud).draw(image, explanation) for hud in (True, False))
    left, top, right, lower = written(drawn, bare)
    assert right < 640 / 2 + 32
    assert lower < 480 / 3
    scale = drawn[top:lower, left:right].astype(int)
    red, blue = (scale[..., 2] > 200) & (scale[..., 0] < 30), (scale[..., 0] > 200) & (scale[..., 2] < 30)
    assert red.sum() > 100
    assert blue.sum() > 100
    assert np.flatnonzero(blue.any(0)).mean() < np.flatnonzero(red.any(0)).mean()


def test_panels_show_the_picture_its_heat_and_both_as_large_as_they_fit():
    image = plain(640, 480, 200)
    drawn = Overlay(LABELS, layout="panels").draw(image, heated(640, 480, CORNERS["lower right"]))
    assert (drawn[120:230, 10:310] == 200).all()  # the original
    assert (drawn[120, 340] == colour_table("jet")[0, 0]).all()  # no heat here
    assert drawn[192, 576, 2] > 120 > 2 * drawn[192, 576, 0]  # and here it is
    over = drawn[240 + 192, 256].astype(int)
    assert over[2] > over[0] + 50  # hot, and the picture through it
    assert over[0] > 80
    words = drawn[240:, 320:]
    assert (words.max(2) > 150).sum() > 500  # classes and scale
    bare = Overlay(LABELS, layout="panels", hud=False).draw(image, heated(640, 480, CORNERS["lower right"]))
    assert not bare[240:, 320:].any()


def test_panels_of_several_targets_have_a_row_each():
    drawn = Overlay(LABELS, layout="panels", hud=False).draw(
        plain(600, 400, 200), heated(600, 400, CORNERS["upper left"], CORNERS["lower right"])
    )
    top, tall, wide = (400 - 2 * 133) // 2, 133, 200
    assert not drawn[:top].any()
    assert (drawn[top + 20, 20] == 200).all()
    for row, (x, y) in enumerate((CORNERS["upper left"], CORNERS["lower right"])):
        for column in (1, 2):
            spot = drawn[top + row * tall + round(y * tall), column * wide + round(x * wide)]
            assert spot[2] > spot[0] + 50, (row, column)


@pytest.mark.parametrize("layout", ["overlay", "heatmap"])
@pytest.mark.parametrize("hot", CORNERS)
def test_what_is_written_on_a_picture_by_itself_is_not_on_the_heat(layout, hot):
    image, explanation = plain(640, 480), heated(640, 480, CORNERS[hot])
    drawn, bare = (Overlay(LABELS, layout=layout, hud=hud).draw(image, explanation) for hud in (True, False))
    left, top, right, lower = written(drawn, bare)
    x, y = CORNERS[hot][0] * 640, CORNERS[hot][1] * 480
    assert not (left < x < right and top < y < lower)
    if hot.startswith("lower"):
        assert (left, top) == (10, 10)  # the usual corner, where it is free


def where_written(drawing, overlay, explanations, image):
    for explanation in explanations:
        drawn = drawing.draw(image, explanation)
        yield written(drawn, replace(overlay, hud=False).draw(image, explanation))[:2]


def test_over_a_video_the_panel_keeps_its_corner_and_leaves_it_for_good_reason():
    image, overlay = plain(320, 240), Overlay(LABELS)
    passing = [CORNERS["lower right"]] * 30 + [CORNERS["upper left"]] * 8 + [CORNERS["lower right"]] * 30
    staying = [CORNERS["upper left"]] * 60
    frames = [heated(320, 240, place, index=n) for n, place in enumerate(passing + staying)]
    corners = list(where_written(SteadyDrawing(overlay), overlay, frames, image))
    assert len(set(corners[: len(passing)])) == 1
    assert corners[-1] != corners[0]
    assert sum(one != other for one, other in pairwise(corners)) == 1


@pytest.mark.parametrize("share", [0.8, 0.1, None])
def test_the_region_of_interest_and_the_panel_do_not_meet(share):
    image = plain(640, 480)
    explanation = heated(640, 480, (0.5, 0.5), inside=boxed(20, 20, 200, 100, share, alert=share != 0.8))
    drawn = Overlay(LABELS, alpha=0).draw(image, explanation)
    bare = Overlay(LABELS, alpha=0).draw(image, replace(explanation, inside=None))
    ink = (drawn != image).any(2)
    assert ink[20, 60:200].all()  # the outline, not written over
    assert ink[120, 60:200].all()
    assert not ink[40:100, 40:180].any()
    assert (drawn != bare).any()
    assert (drawn[20, 100] == (60, 60, 255)).all() == (share != 0.8)
