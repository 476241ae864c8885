"""Photographs that move slowly."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np

from streamcam.photographs import photographs
from streamcam.sources.live.slideshow import slideshow


def test_the_photographs_move_slowly_and_fill_the_picture():
    images = list(islice(slideshow(photographs(), fps=1000), 60))
    assert all(image.shape == (720, 1280, 3) for image in images)
    changes = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(images)]
    assert 0 < max(changes) < 5
