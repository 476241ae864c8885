"""Where the evidence lies, as records say it."""

from __future__ import annotations

import numpy as np

from streamcam.sinks.rows import place_of
from streamcam.types import Region


def test_places_are_in_frame_pixels():
    heat = np.zeros((2, 4), np.float32)
    heat[1, 2] = 3
    assert place_of(heat, Region(100, 0, 180, 20)) == {"peak": [150.0, 15.0], "centroid": [150.0, 15.0]}
    heat[1, 0] = 3
    assert place_of(heat, Region(100, 0, 180, 20))["centroid"] == [130.0, 15.0]
    assert place_of(np.zeros((2, 4), np.float32), Region(0, 0, 8, 8)) == {"peak": None, "centroid": None}
