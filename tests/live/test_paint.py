"""What people paint over is hidden."""

from __future__ import annotations

import numpy as np

from streamcam.drawing.overlay import Overlay
from streamcam.live.controls import Controls
from streamcam.live.paint import painted_mask, painting
from streamcam.types import Frame


def test_dabs_lie_where_they_were_painted():
    mask = painted_mask([(0.25, 0.5, 0.1), (0.75, 0.5, 0.1)], (200, 400))
    assert mask.shape == (200, 400)
    assert mask[100, 100] > 0.99
    assert mask[100, 300] > 0.99
    assert mask[100, 200] < 0.01
    assert mask[100, 118] > 0.5 > mask[100, 122]  # the radius is of the short side
    assert mask.min() >= 0
    assert mask.max() <= 1


def test_frames_are_covered_for_as_long_as_the_controls_say():
    noise = np.random.default_rng(3).integers(0, 256, (120, 160, 3)).astype(np.uint8)
    controls = Controls(Overlay(()))
    frames = painting((Frame(noise, index, index / 10) for index in range(4)), controls)
    assert next(frames).image is noise
    controls.painted = ((0.5, 0.5, 0.2),)
    covered = next(frames)
    assert (covered.index, covered.time) == (1, 0.1)
    assert covered.image[50:70, 70:90].std() < 15 < noise[50:70, 70:90].std()
    assert (covered.image[:20] == noise[:20]).all()
    controls.painted = ((0.0, 0.0, 0.2),)
    moved = next(frames)
    assert (moved.image[60, 80] == noise[60, 80]).all()
    assert not (moved.image[:10, :10] == noise[:10, :10]).all()
    controls.painted = ()
    assert next(frames).image is noise
