"""The statistics of a live session as data, and as a JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamcam.errors import SinkError
from streamcam.source_state import Phase
from streamcam.types import Covering


@dataclass(frozen=True, slots=True)
class Percentiles:
    """How long something took, in milliseconds: half, 95 % and 99 % of the times were no longer. None of nothing."""

    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class FrameCounts:
    """What became of the frames.

    Attributes:
        captured: that the source gave.
        shown: that all sinks were given.
        dropped: that were not shown, because a newer one was there.
        damaged: that came, but could not be decoded whole, and were left out.
        explained: that the model saw.
        reused: that were shown with the explanation of an earlier frame once more.
        stand_ins: that repeated the last picture, while the source had none.
    """

    captured: int
    shown: int
    dropped: int
    damaged: int
    explained: int
    reused: int
    stand_ins: int


@dataclass(frozen=True, slots=True)
class Rates:
    """A second, on average: pictures of the camera, frames shown, frames explained."""

    camera: float
    shown: float
    explained: float


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes of this process, at the start and the end of the session and at most."""

    start: float
    end: float
    peak: float


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of a session: frames shown a second, their delay, and memory at its end in megabytes."""

    shown_fps: float
    delay_ms: Percentiles
    memory_mb: float


@dataclass(frozen=True, slots=True)
class SessionStats:
    """What a live session did.

    Attributes:
        seconds: how long it lasted.
        frames: what became of the frames.
        fps: how many a second.
        ms: how long the stages took: ``capture`` until a picture was here, ``explain``, ``draw``, ``show``, ``delay`` from
            the camera to the screen, ``map_age`` from the explained picture to the screen, ``page`` to a browser's screen.
        stalls: how often the source was silent for too long.
        reconnects: how often its pictures came back.
        memory_mb: what this process used.
        minutes: those that were complete, of the last day.
        phase: how the source was doing at the end: ``connecting``, ``live``, ``retrying`` or ``ended``.
        reason: why no picture came at the end, in a few words; empty where one did.
        troubles: for each reason why no picture came meanwhile, how often that was.
        covering: what covering the hottest and the coldest tenth of the map cost on average; None where it was not checked.
    """

    seconds: float
    frames: FrameCounts
    fps: Rates
    ms: dict[str, Percentiles]
    stalls: int
    reconnects: int
    memory_mb: Memory
    minutes: tuple[Minute, ...]
    phase: Phase
    reason: str
    troubles: dict[str, int]
    covering: Covering | None = None


def write_stats(path: Path, data: dict[str, Any]) -> None:
    """Write what was counted as JSON.

    Raises:
        SinkError: the file cannot be written.
    """
    try:
        path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise SinkError(f"{path}: cannot be written ({error.strerror})") from error
