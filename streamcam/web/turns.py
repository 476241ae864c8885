"""Whose cameras are looked at: as many at once as the processor is to serve; the others wait in a queue."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

_ABSENT = 3.0  # seconds without a picture after which a place is free


class Turn(msgspec.Struct, frozen=True):
    """When a visitor's pictures are explained.

    Attributes:
        place: in the queue; 0 while it is this visitor's turn.
        seconds: until it is, at most.
    """

    place: int = 0
    seconds: int = 0


class Turns:
    """Gives places to visitors, in the order in which they came, each for as long as a turn takes where others wait.

    Args:
        places: how many have their turn at once.
        seconds: that a turn takes while others wait.
        clock: seconds that never go back.
    """

    def __init__(self, places: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._places, self._seconds, self._clock = places, seconds, clock
        self._began: dict[object, float] = {}  # of those whose turn it is
        self._heard: dict[object, float] = {}  # of these and of those who wait, when they had a picture last
        self._waiting: list[object] = []

    def of(self, sender: object) -> Turn:
        """A visitor has a picture: whether it is their turn, or when."""
        now = self._clock()
        self._heard[sender] = now
        for other in [other for other, at in self._heard.items() if now - at >= _ABSENT]:
            self.release(other)
        over = [other for other, began in self._began.items() if now - began >= self._seconds]
        for other in over[: len(self._waiting)]:  # once more, behind the others
            del self._began[other]
            self._waiting.append(other)
        if sender not in self._began and sender not in self._waiting:
            self._waiting.append(sender)
        while self._waiting and len(self._began) < self._places:
            self._began[self._waiting.pop(0)] = now
        if sender in self._began:
            return Turn()
        place = self._waiting.index(sender) + 1
        ends = sorted(max(0.0, began + self._seconds - now) for began in self._began.values())
        rounds, at = divmod(place - 1, self._places)
        return Turn(place, round(ends[at] + rounds * self._seconds))

    def release(self, sender: object) -> None:
        """A visitor shows no camera any more."""
        self._began.pop(sender, None)
        self._heard.pop(sender, None)
        if sender in self._waiting:
            self._waiting.remove(sender)
