"""Read opening hours as people write them: ``Mon-Fri 09:00-17:00, Sat 10-14``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from streamcam.errors import OptionError

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MINUTES = 24 * 60
_PART = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:\s*-\s*(?P<last>[a-z]{3}))?\s+)?"
    r"(?P<open>\d{1,2}(?::\d\d)?)\s*-\s*(?P<close>\d{1,2}(?::\d\d)?)"
)


@dataclass(frozen=True, slots=True)
class Hours:
    """When it is open.

    Attributes:
        spans: ``(day, opens, closes)``: 0 for Monday, and minutes since its midnight; more than 1440 where it closes
            on the day after.
    """

    spans: tuple[tuple[int, int, int], ...]

    def is_open(self, at: datetime) -> bool:
        """Whether it is open at this local time."""
        minute = 60 * at.hour + at.minute
        return any(
            (day == at.weekday() and opens <= minute < closes)
            or (day == (at.weekday() - 1) % 7 and minute < closes - _DAY_MINUTES)
            for day, opens, closes in self.spans
        )

    def opens_after(self, at: datetime) -> datetime:
        """The next time that it opens, in local time."""
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        for days in range(9):
            date = midnight + timedelta(days=days)
            starts = (date + timedelta(minutes=opens) for day, opens, _ in self.spans if day == date.weekday())
            if coming := [start for start in starts if start > at]:
                return min(coming)
        raise AssertionError("a week has every day")


def parse_hours(text: str) -> Hours:
    """Read opening hours: spans with commas between them, each for some days or, without days, for all.

    ``22:00-02:00`` closes on the day after; ``Fri-Mon`` goes over the weekend.

    Raises:
        OptionError: it cannot be read.
    """
    spans: list[tuple[int, int, int]] = []
    for part in text.lower().split(","):
        match = _PART.fullmatch(part.strip())
        if not match:
            raise OptionError(f"hours '{part.strip()}': write them as 'Mon-Fri 09:00-17:00, Sat 10-14'")
        opens, closes = _minutes(match["open"]), _minutes(match["close"])
        if opens == closes:
            raise OptionError(
                f"hours '{part.strip()}': it opens and closes at the same time; leave the days out instead"
            )
        closes += _DAY_MINUTES if closes < opens else 0
        spans += [(day, opens, closes) for day in _days(match["first"], match["last"])]
    return Hours(tuple(spans))


def _days(first: str | None, last: str | None) -> list[int]:
    if first is None:
        return list(range(7))
    for day in filter(None, (first, last)):
        if day not in _DAYS:
            raise OptionError(f"hours: {day} is no day; use {', '.join(d.capitalize() for d in _DAYS)}")
    begin = _DAYS.index(first)
    end = begin if last is None else _DAYS.index(last)
    return [(begin + step) % 7 for step in range((end - begin) % 7 + 1)]


def _minutes(clock: str) -> int:
    hour, _, minute = clock.partition(":")
    minutes = 60 * int(hour) + int(minute or 0)
    if minutes > _DAY_MINUTES or int(minute or 0) > 59:
        raise OptionError(f"hours: {clock} is no time of day")
    return minutes
