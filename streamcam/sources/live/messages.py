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
    """

    slot: int
    shape: tuple[int, int, int]
    arrived: float
    dropped: int


@dataclass(frozen=True, slots=True)
class Ended:
    """From the process: there are no more pictures.

    Attributes:
        reason: why reading failed, in a few words and without what may be secret; empty where the source came to its end.
    """

    reason: str
