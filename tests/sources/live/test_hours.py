"""Opening hours."""

from __future__ import annotations

from datetime import datetime

import pytest

from streamcam.errors import OptionError
from streamcam.sources.live.hours import parse_hours


def test_opening_hours_are_read_as_people_write_them():
    hours = parse_hours("Mon-Fri 09:00-17:30, sat 10-14, Sun 22:00-02:00")
    monday = datetime(2026, 11, 23)
    for day, hour, minute, is_open in (
        (0, 8, 59, False), (0, 9, 0, True), (4, 17, 29, True), (4, 17, 30, False), (5, 9, 59, False), (5, 13, 0, True),
        (6, 12, 0, False), (6, 23, 0, True), (0, 1, 59, True), (0, 2, 0, False),
    ):  # fmt: skip
        assert hours.is_open(monday.replace(day=23 + day, hour=hour, minute=minute)) is is_open
    assert parse_hours("Fri-Mon 0-24").spans == tuple((day, 0, 1440) for day in (4, 5, 6, 0))
    assert parse_hours("10:00-12:00").is_open(monday.replace(hour=11))
    for wrong in ("", "Mon", "Mon 9", "Foo 9-17", "9-25", "9:60-10", "9-9", "Mon-Fri 9-17;"):
        with pytest.raises(OptionError, match="hours"):
            parse_hours(wrong)


def test_it_is_known_when_it_opens_next():
    hours = parse_hours("Mon-Fri 09:00-17:30, Sun 22:00-02:00")
    monday = datetime(2026, 11, 23)
    for day, hour, opens in (
        (0, 3, "23T09:00"),
        (0, 18, "24T09:00"),
        (4, 18, "29T22:00"),
        (6, 12, "29T22:00"),
        (1, 9, "25T09:00"),
    ):
        at = hours.opens_after(monday.replace(day=23 + day, hour=hour))
        assert f"{at:%dT%H:%M}" == opens
    assert parse_hours("Mon 9-10").opens_after(monday.replace(hour=9)) == datetime(2026, 11, 30, 9)
