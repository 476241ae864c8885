"""Times as people write them for other video tools: seconds, or hours, minutes and seconds."""

from __future__ import annotations

import re

import typer

METAVAR = "TIME"
_TIME = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?|\.\d+)")


def seconds_of(text: str, option: str) -> float:
    """``90``, ``1:30``, ``1:30.5`` and ``0:01:30`` in seconds; what is none of them is wrong usage of the option."""
    match = _TIME.fullmatch(text.strip())
    if match:
        hours, minutes, seconds = match[1], match[2], float(match[3])
        if (minutes is None or seconds < 60) and (hours is None or int(minutes) < 60):
            return int(hours or 0) * 3600 + int(minutes or 0) * 60 + seconds
    raise typer.BadParameter(f"{text}: write seconds, such as 90 or 12.5, or h:m:s, such as 1:30", param_hint=option)


def stretch_of(start: str | None, end: str | None, duration: str | None) -> tuple[float, float | None]:
    """Begin and end, in seconds, of what ``--start``, ``--end`` and ``--duration`` ask for."""
    if end is not None and duration is not None:
        raise typer.BadParameter("does not go with --end: give one of them", param_hint="--duration")
    begin = 0.0 if start is None else seconds_of(start, "--start")
    if duration is not None:
        length = seconds_of(duration, "--duration")
        if not length:
            raise typer.BadParameter("must be more than 0", param_hint="--duration")
        return begin, begin + length
    stop = None if end is None else seconds_of(end, "--end")
    if stop is not None and stop <= begin:
        raise typer.BadParameter(f"{end}: must come after the start, {start or 0}", param_hint="--end")
    return begin, stop
