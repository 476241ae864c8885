"""Takes pictures from visitors' own cameras, of one visitor at a time; the others wait in a queue."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec

from streamcam.sources.live.browser import BrowserSource

_ABSENT = 3.0  # seconds without a picture after which another page may be the camera


class Turn(msgspec.Struct, frozen=True):
    """When a visitor's pictures are explained.

    Attributes:
        place: in the queue; 0 while it is this visitor's turn.
        seconds: until it is, at most.
    """

    place: int = 0
    seconds: int = 0


class BrowserFeed:
    """Lets one page at a time be the camera, for as long as a turn takes where others wait. Nobody else sees its pictures.

    Args:
        source: takes the pictures.
        turn: seconds that each may be the camera while others wait.
        clock: seconds that never go back.

    Attributes:
        owner: the connection whose pictures are explained, None for nobody's.
        since: seconds from the start of the source at which its pictures began.
    """

    def __init__(self, source: BrowserSource, turn: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.source = source
        self.owner: object | None = None
        self.since = 0.0
        self._turn, self._clock = turn, clock
        self._began = self._last_picture = 0.0
        self._waiting: dict[object, float] = {}  # by when they were heard of last

    async def take(self, sender: object, jpeg: bytes) -> Turn:
        """Take a picture from a connection, or tell it when its turn comes. Raises ``SourceError`` of no JPEG."""
        turn = self.turn_of(sender)
        if turn.place == 0:
            self._last_picture = self._clock()
            await asyncio.to_thread(self.source.feed, jpeg)
        return turn

    def turn_of(self, sender: object) -> Turn:
        """A connection has a picture: whether it is its turn, or when."""
        now = self._clock()
        self._waiting = {other: at for other, at in self._waiting.items() if now - at < _ABSENT}
        is_over = bool(self._waiting) and now - self._began >= self._turn
        if self.owner is not None and (is_over or now - self._last_picture >= _ABSENT):
            left, self.owner = self.owner, None
            if left is sender:  # once more, behind the others
                self._waiting[sender] = now
        if self.owner is None and next(iter(self._waiting), sender) is sender:
            self._begin(sender, now)
        if self.owner is sender:
            return Turn()
        self._waiting[sender] = now
        place = list(self._waiting).index(sender) + 1
        left_of_turn = max(0.0, self._began + self._turn - now) if self.owner is not None else 0.0
        return Turn(place, round(left_of_turn + (place - 1) * self._turn))

    def _begin(self, sender: object, now: float) -> None:
        self._waiting.pop(sender, None)
        self.source.clear()
        self.owner, self.since = sender, self.source.now
        self._began = self._last_picture = now

    def release(self, sender: object) -> None:
        """A connection shows its camera no more; if it was its turn, another one's begins."""
        self._waiting.pop(sender, None)
        if self.owner is sender:
            self.source.clear()
            self.owner = None
