"""Several pictures beside each other on one."""

from __future__ import annotations

import numpy as np

from streamcam.drawing.overlay import tiled


def test_layouts_keep_the_size_of_the_picture():
    left, right = np.full((90, 160, 3), 50, np.uint8), np.full((90, 160, 3), 200, np.uint8)
    both = tiled([left, right])
    assert both.shape == left.shape
    assert (both[45, 40] == 50).all()
    assert (both[45, 120] == 200).all()
    upright = tiled([left.transpose(1, 0, 2).copy(), right.transpose(1, 0, 2).copy()])
    assert (upright[80, 22] == 50).all()
    assert (upright[80, 67] == 200).all()
    assert tiled([left[:89, :159]] * 5).shape == (89, 159, 3)
    four = tiled([left, right, right, left])
    assert (four[20, 20] == 50).all()
    assert (four[20, 140] == 200).all()
    assert (four[70, 140] == 50).all()
