"""Hands each new item from the session's thread to all connections that wait for one."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class Broadcast(Generic[T]):
    """Gives each new item to all who wait at that moment. Nothing is kept: who comes later gets the next item.

    Items are posted from any thread; those who wait are coroutines of one event loop.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[asyncio.Future[T]] = []

    @property
    def is_awaited(self) -> bool:
        """Whether anybody waits; any thread may ask."""
        return bool(self._waiting)

    def post(self, item: T) -> None:
        """Give an item to all who wait; any thread may call this."""
        if self._loop:
            with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
                self._loop.call_soon_threadsafe(self._deliver, item)

    def _deliver(self, item: T) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(item)

    async def next(self) -> T:
        """Wait for the next item."""
        self._loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = self._loop.create_future()
        self._waiting.append(future)
        try:
            return await future
        finally:
            with suppress(ValueError):
                self._waiting.remove(future)
