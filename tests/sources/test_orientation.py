"""Display matrices: turns, mirrors, and what is askew."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest

from streamcam.sources.orientation import Orientation, read_matrix

IMAGE = np.arange(3 * 4 * 3, dtype=np.uint8).reshape(3, 4, 3)


def matrix(a, b, c, d):
    return struct.pack(
        "=9i", *(round(v * 65536) for v in (a, b)), 0, *(round(v * 65536) for v in (c, d)), 0, 0, 0, 1 << 30
    )


def placed(image, a, b, c, d):
    """By the definition: the pixel at (x, y) goes to (ax + cy, bx + dy)."""
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width]
    across, down = a * x + c * y, b * x + d * y
    across, down = across - across.min(), down - down.min()
    found = np.zeros((down.max() + 1, across.max() + 1, 3), np.uint8)
    found[down, across] = image
    return found


EIGHT = [
    (1, 0, 0, 1),
    (0, 1, -1, 0),
    (-1, 0, 0, -1),
    (0, -1, 1, 0),
    (-1, 0, 0, 1),
    (1, 0, 0, -1),
    (0, 1, 1, 0),
    (0, -1, -1, 0),
]


@pytest.mark.parametrize("turn", EIGHT)
@pytest.mark.parametrize("scale", [1, 2.5])
def test_all_eight_are_as_the_definition_says(turn, scale):
    orientation = read_matrix(matrix(*(scale * v for v in turn)))
    expected = placed(IMAGE, *turn)
    np.testing.assert_array_equal(orientation.upright(IMAGE), expected)
    assert orientation.size(4, 3) == expected.shape[1::-1]
    assert orientation.plain == (turn in EIGHT[:4])


def test_what_is_nearly_a_quarter_turn_is_one():
    angle = math.radians(90.4)
    c, s = math.cos(angle), math.sin(angle)
    assert read_matrix(matrix(c, s, -s, c)) == Orientation(1)


@pytest.mark.parametrize("degrees", [30, 60, 200, 300])
def test_askew_is_turned_about_the_middle(degrees):
    angle = math.radians(degrees)
    c, s = math.cos(angle), math.sin(angle)
    orientation = read_matrix(matrix(c, s, -s, c))
    assert orientation.angle == pytest.approx(degrees, abs=0.01)
    image = np.zeros((101, 101, 3), np.uint8)
    image[45:56, 75:86] = 255  # to the right of the middle
    y, x = np.argwhere(orientation.upright(image)[..., 0] > 128).mean(0) - 50
    assert (x, y) == pytest.approx((30 * c, 30 * s), abs=0.6)  # clockwise, with y down


def test_a_matrix_that_shows_nothing_is_passed_over():
    assert read_matrix(matrix(0, 0, 0, 0)) == Orientation()
    assert read_matrix(matrix(1, 1, 1, 1)) == Orientation()
