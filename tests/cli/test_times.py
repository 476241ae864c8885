"""Times as people write them."""

from __future__ import annotations

import pytest
import typer

from streamcam.cli.times import seconds_of, stretch_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("12.5", 12.5),
        (".5", 0.5),
        ("1:30", 90),
        ("90:00", 5400),
        ("1:02:03.25", 3723.25),
        ("0:00:07", 7),
        ("0", 0),
    ],
)
def test_seconds_and_clock_times(text, seconds):
    assert seconds_of(text, "--start") == seconds


@pytest.mark.parametrize(
    "text", ["", "-1", "1:60", "1:75:00", "1::2", "ten", "1e3", "nan", "inf", "1:2:3:4", "1,5", "5s"]
)
def test_what_is_no_time_is_wrong_usage(text):
    with pytest.raises(typer.BadParameter, match="h:m:s"):
        seconds_of(text, "--start")


def test_a_stretch_has_a_start_and_an_end_or_a_duration():
    assert stretch_of(None, None, None) == (0.0, None)
    assert stretch_of("5", None, None) == (5.0, None)
    assert stretch_of("1:00", None, "2.5") == (60.0, 62.5)
    assert stretch_of(None, "0:10", None) == (0.0, 10.0)
    for wrong in [("5", "5", None), ("5", "4", None), (None, "5", "5"), (None, None, "0"), (None, "0", None)]:
        with pytest.raises(typer.BadParameter):
            stretch_of(*wrong)
