"""The scale of a heatmap."""

from __future__ import annotations

import numpy as np
import pytest
from makers.heats import CORNERS, LABELS, heated

from streamcam.drawing.colours import colour_table
from streamcam.drawing.corner import Box
from streamcam.drawing.scale import draw_scale, draw_words, scale_plan

PLACES = tuple(CORNERS.values())


@pytest.mark.parametrize("targets", [1, 2, 4])
@pytest.mark.parametrize("size", [(1280, 720), (320, 240), (160, 120), (120, 160), (7680, 4320)])
def test_it_takes_at_most_a_quarter_and_shows_every_colour_once(size, targets):
    width, height = size
    explanation, image = heated(width, height, *PLACES[:targets]), np.zeros((height, width, 3), np.uint8)
    plan = scale_plan(image, explanation)
    if plan is None:
        assert targets == 4
        assert width * height < 40_000
        return
    assert plan.width * plan.height <= width * height / 4
    colours = colour_table("viridis")
    draw_scale(image, explanation, LABELS, colours, plan, Box(0, 0, plan.width, plan.height))
    assert not image[plan.height :].any()
    assert not image[:, plan.width :].any()
    if targets == 1:
        rows = [row.astype(int) for row in image[: plan.height, : plan.width]]
        wanted = colours[[20, 128, 235], 0].astype(int)
        assert any(all(np.abs(row - colour).sum(1).min() < 12 for colour in wanted) for row in rows)


def test_words_fill_a_tile_and_stay_in_it():
    for width, height in ((640, 360), (360, 640), (160, 120), (80, 60), (8, 8), (1, 1)):
        image = np.zeros((height, width, 3), np.uint8)
        draw_words(image, heated(width, height, PLACES[0]), LABELS, 3, colour_table("jet"))
        assert image.any() == (width >= 80)
