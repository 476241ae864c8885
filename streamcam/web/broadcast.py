"""From the session's thread to the viewers: each is given what is newest when it is ready for more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Generic, TypeVar

T = TypeVar("T")

_ARRIVING = 50  # who may stand at the door besides as many as there are places: after a restart all come at once
_KEPT = 8  # places, besides all others, for the exhibit's screens and for staff


class Bulletin(Generic[T]):
    """Brings each new thing to all who wait for one at that moment; nothing is kept for those who don't."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[asyncio.Future[T]] = []

    @property
    def is_awaited(self) -> bool:
        """Whether anybody waits; any thread may ask."""
        return bool(self._waiting)

    def post(self, item: T) -> None:
        """Give it to all who wait, from any thread."""
        if self._loop:
            with suppress(RuntimeError):  # the program ends, and nobody waits any more
                self._loop.call_soon_threadsafe(self._give, item)

    def _give(self, item: T) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(item)

    async def next(self) -> T:
        """Wait for the next thing."""
        self._loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = self._loop.create_future()
        self._waiting.append(future)
        try:
            return await future
        finally:
            with suppress(ValueError):
                self._waiting.remove(future)


class Full(Exception):
    """As many viewers as may be are here already."""


class Audience:
    """Who looks on, and how fast each may be served.

    Args:
        most: how many viewers may be here at once.
        bytes_per_second: for all viewers together; with many of them each gets fewer pictures, so that the explainer
            keeps the processor and others the network.
    """

    def __init__(self, most: int, bytes_per_second: float) -> None:
        self._most, self._bytes_per_second = most, bytes_per_second
        self.present = self.came = self.refused = self.arriving = 0
        self.last_came = 0.0

    @property
    def is_full(self) -> bool:
        """Whether there is no place left."""
        return self.present >= self._most

    @contextmanager
    def door(self) -> Iterator[None]:
        """A place for somebody who has not said yet who it is. Raises ``Full``."""
        if self.arriving >= self._most + _ARRIVING:
            self.refused += 1
            raise Full
        self.arriving += 1
        try:
            yield
        finally:
            self.arriving -= 1

    @contextmanager
    def seat(self, *, has_key: bool = False) -> Iterator[None]:
        """A place for one viewer; some are kept for those who have a key. Raises ``Full``."""
        if self.present >= self._most + (_KEPT if has_key else 0):
            self.refused += 1
            raise Full
        self.present += 1
        self.came += 1
        self.last_came = time.monotonic()
        try:
            yield
        finally:
            self.present -= 1

    def pause_after(self, count: int) -> float:
        """Seconds that a viewer who was sent so many bytes waits for more."""
        return count * self.present / self._bytes_per_second
