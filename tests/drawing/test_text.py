"""Words on pictures."""

from __future__ import annotations

import cv2


def test_the_hud_is_drawn_by_opencv_with_its_own_font():
    assert cv2.getTextSize((0, 0), "虎", (0, 0), cv2.FontFace("sans"), 24)[2] > 10
