"""The messages between a live source and the process that reads it, see ``system.child``."""

from __future__ import annotations

from dataclasses import dataclass

from streamcam.settings import CaptureSettings
from streamcam.sources.live.address import Address


@dataclass(frozen=True, slots=True)
class OpenSource:
    """To the process: read this, from its beginning.

    Attributes:
        address: what to read.
        settings: how to read it.
    """

    address: Address
    settings: CaptureSettings


@dataclass(frozen=True, slots=True)
class SlotFree:
    """To the process: a picture has been copied out of the shared memory.

    Attributes:
        free: number of its slot.
    """

    free: int


@dataclass(frozen=True, slots=True)
class Picture:
    """From the process: a picture is in the shared memory.

    Attributes:
        slot: where it is.
        shape: ``(height, width, 3)``.
        arrived: when it came, by ``time.perf_counter``, which all processes of a machine share.
        dropped: how many came since the last one while no slot was free.
        damaged: how many were left out since the last one because they could not be decoded whole.
    """

    slot: int
    shape: tuple[int, int, int]
    arrived: float
    dropped: int
    damaged: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """From the process: no picture, and nothing is wrong so far. It is no hang when that takes its time.

    Attributes:
        due: seconds until the next picture is to be shown, where that is known; 0 where something else arrived.
        reason: why there is no picture, in a few words; empty where that is as it should be.
    """

    due: float
    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """From the process: there are no more pictures.

    Attributes:
        reason: why reading failed, in a few words and without what may be secret; empty where the source came to its end.
        damaged: how many pictures were left out since the last one.
    """

    reason: str
    damaged: int = 0
