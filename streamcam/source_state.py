"""How a live source is doing, and what happened to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Phase: TypeAlias = Literal["connecting", "live", "retrying", "ended", "attracting", "closed"]


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a live source is doing.

    Attributes:
        phase: of the connection; ``attracting`` and ``closed`` are an exhibit's, see ``ExhibitSource``.
        reason: why no picture comes, in a few words.
        attempt: how often it was tried since the last picture.
        opens: when it is no longer ``closed``, ISO 8601 in local time, or an empty text.
    """

    phase: Phase
    reason: str = ""
    attempt: int = 0
    opens: str = ""

    @property
    def notice(self) -> str:
        """One line to be shown, or an empty one where all is well."""
        if self.phase == "connecting":
            return f"connecting: {self.reason}" if self.reason else "connecting"
        if self.phase == "live":
            return f"no new picture: {self.reason}" if self.reason else ""
        if self.phase == "retrying":
            return f"no picture, retrying ({self.attempt}): {self.reason}"
        return "ended" if self.phase == "ended" else ""


@dataclass(slots=True)
class SourceCounts:
    """What happened to a live source so far.

    Attributes:
        captured: pictures that came.
        dropped: pictures that came while all memory for them was in use.
        damaged: pictures that could not be decoded whole, and were left out.
        stalls: how often the source was silent for too long, and its process was killed.
        reconnects: how often pictures came back.
    """

    captured: int = 0
    dropped: int = 0
    damaged: int = 0
    stalls: int = 0
    reconnects: int = 0
