"""Where small pictures lie on one of the same size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from makers.heats import boxed, heated

from streamcam.drawing.corner import Box
from streamcam.drawing.tiles import scaled, tile_boxes, tiled
from streamcam.types import Region


@pytest.mark.parametrize("size", [(90, 160), (160, 90), (89, 159)])
@pytest.mark.parametrize("count", range(1, 8))
def test_tiles_are_as_large_as_they_fit_and_keep_the_aspect(size, count):
    height, width = size
    boxes = tile_boxes(height, width, count)
    assert len(boxes) == count
    assert all(box.x >= 0 and box.y >= 0 for box in boxes)
    assert all(box.x + box.width <= width and box.y + box.height <= height for box in boxes)
    taken = np.zeros(size, int)
    for box in boxes:
        taken[box.y : box.y + box.height, box.x : box.x + box.width] += 1
        assert box.width / width == pytest.approx(box.height / height, abs=0.02)
    assert taken.max() == 1
    side = int(np.ceil(np.sqrt(count)))
    assert boxes[0].width == width // side


def test_columns_may_be_given():
    boxes = tile_boxes(300, 300, 6, 3)
    assert [box.y for box in boxes] == [50, 50, 50, 150, 150, 150]
    assert [box.x for box in boxes[:3]] == [0, 100, 200]


def test_a_picture_that_is_too_small_has_no_tiles():
    assert tile_boxes(1, 1, 2) == []
    assert tile_boxes(1, 500, 4) == []


def test_pictures_lie_in_their_boxes_on_black():
    boxes = [Box(0, 10, 20, 10), Box(20, 10, 20, 10)]
    one, other = np.full((10, 20, 3), 50, np.uint8), np.full((10, 20, 3), 200, np.uint8)
    both = tiled((30, 40, 3), boxes, [one, other])
    assert (both[10:20, :20] == 50).all()
    assert (both[10:20, 20:] == 200).all()
    assert not both[:10].any()
    assert not both[20:].any()


def test_an_explanation_is_scaled_with_its_picture():
    explanation = replace(heated(100, 80, (0.5, 0.5)), region=Region(10, 0, 90, 80), inside=boxed(20, 40, 10, 20))
    small = scaled(explanation, np.zeros((80, 100, 3), np.uint8), Box(0, 0, 50, 40))
    assert small.region == Region(5, 0, 45, 40)
    assert small.inside.outlines[0].reshape(-1, 2).tolist() == [[10, 20], [15, 20], [15, 30], [10, 30]]
    sliver = replace(explanation, region=Region(99, 0, 100, 80))
    assert scaled(sliver, np.zeros((80, 100, 3), np.uint8), Box(0, 0, 10, 8)).region == Region(9, 0, 10, 8)
