"""Which of the files that inputs stand for are done: the newer ones, those of a name, the first few."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from streamcam.batch.jobs import Job
from streamcam.errors import OptionError, SourceError

_UNITS = {"m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is taken of the files that a call finds.

    Attributes:
        since: files that were changed at this time or later, in seconds since 1970; None for all.
        match: globs, one of which the name of a file, or its path, must match; none for all.
        limit: how many files are done at most, of those that are still to be done; None for all.

    Example::

        streamcam.annotate_all("archive/", "annotated/", selection=streamcam.Selection(match=("2026-*",), limit=100))
    """

    since: float | None = None
    match: tuple[str, ...] = ()
    limit: int | None = None

    def of(self, jobs: Iterable[Job]) -> list[Job]:
        """The jobs that are taken, whatever is known of them."""
        return [job for job in jobs if self._takes(job.source)]

    def _takes(self, path: Path) -> bool:
        names = path.name, path.as_posix()
        if self.match and not any(fnmatchcase(name, pattern) for name in names for pattern in self.match):
            return False
        if self.since is None:
            return True
        try:
            return path.stat().st_mtime >= self.since
        except OSError:  # what is wrong with it is said when it is done
            return True


def since_of(text: str, now: float | None = None) -> float:
    """A time in seconds since 1970: of ``2026-11-27``, ``2026-11-27 18:30``, or ``12h``, ``7d`` ago.

    Raises:
        OptionError: it is none of these.
    """
    if ago := re.fullmatch(r"(\d+(?:\.\d+)?)([mhdw])", text.strip()):
        return (time.time() if now is None else now) - float(ago[1]) * _UNITS[ago[2]]
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except ValueError as error:
        raise OptionError(
            f"since {text}: write a day, such as 2026-11-27, or how long ago, such as 12h or 7d"
        ) from error


def listed_in(text: str, name: str) -> list[str]:
    """The inputs in a list, one a line; empty lines and those that begin with ``#`` are none.

    Raises:
        SourceError: there are none.
    """
    lines = [line.strip() for line in text.splitlines()]
    found = [line for line in lines if line and not line.startswith("#")]
    if not found:
        raise SourceError(f"{name}: lists no input; write one path or URL a line")
    return found
