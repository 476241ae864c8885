"""Text from right to left, drawn by somebody who draws from left to right."""

from __future__ import annotations

import pytest

from streamcam.drawing.scripts import visual


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("tiger 12 %", "tiger 12 %"),
        ("虎 Ж é", "虎 Ж é"),
        ("אב גד", "דג בא"),
        ("why אב גד or cat?", "why דג בא or cat?"),
        ("אב 12 גד", "דג 12 בא"),
        ("", ""),
    ],
)
def test_hebrew_is_turned_round_and_all_else_is_not(text, drawn):
    assert visual(text) == drawn
