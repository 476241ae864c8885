"""Words on pictures."""

from __future__ import annotations

import cv2
import pytest

from streamcam.drawing.text import drawable, fitted, text_width


def test_the_hud_is_drawn_by_opencv_with_its_own_font():
    assert cv2.getTextSize((0, 0), "虎", (0, 0), cv2.FontFace("sans"), 24)[2] > 10


@pytest.mark.parametrize("text", ["a", "tiger cat", "x" * 300, "W" * 40, "虎" * 30])
def test_what_is_too_wide_is_cut_with_an_ellipsis_as_late_as_possible(text):
    cut = fitted(text, 20, 150)
    assert text_width(cut, 20) <= 150
    if cut != text:
        assert cut.endswith("…")
        assert text_width(text[: len(cut)] + "…", 20) > 150


def test_letters_that_the_font_lacks_are_known():
    assert drawable("Égyptien Ж ñ 猫 고양이") == "Égyptien Ж ñ 猫 고양이"
    assert drawable("แมว") == ""
    assert drawable("100 %") == "100 %"
    assert drawable("?") == "?"
