"""What comes from a live source while it is read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from streamcam.types import UInt8Array

_LONG = 0.5  # seconds without a picture that are worth a word


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A picture.

    Attributes:
        image: ``(H, W, 3)`` uint8 BGR.
        arrived: when it came, by ``time.perf_counter``, which all processes of a machine share.
    """

    image: UInt8Array
    arrived: float


@dataclass(frozen=True, slots=True)
class Waits:
    """There is no picture now, and the source is alive.

    Attributes:
        due: seconds until the next picture is to be shown, where that is known.
        reason: why there is none, in a few words; empty where that is as it should be.
    """

    due: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Pictures came that could not be decoded whole, and are not shown.

    Attributes:
        count: how many.
    """

    count: int = 1


Event: TypeAlias = Shot | Waits | LeftOut


def wait_until(moment: float) -> Iterator[Waits]:
    """Sleep until then, by ``time.perf_counter``, after saying how long that is."""
    if (left := moment - time.perf_counter()) > _LONG:
        yield Waits(left)
    time.sleep(max(0.0, moment - time.perf_counter()))
