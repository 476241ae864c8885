"""Limits how many viewers are connected at once, and how many bytes a second they get."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

_RESERVED = 8  # places, besides all others, for the exhibit's screens and for staff, who have a key


class AudienceFull(Exception):
    """As many viewers as are allowed are connected."""


class Audience:
    """Counts the viewers.

    Args:
        limit: how many may be connected at once.
        bytes_per_second: for all viewers together; with many of them each gets fewer pictures, so that the explainer
            keeps the processor and others the network.

    Attributes:
        connected: how many viewers there are now.
        admitted: how many there were so far.
        refused: how many found no place.
        last_admitted: when the last one came, by ``time.monotonic``.
    """

    def __init__(self, limit: int, bytes_per_second: float) -> None:
        self._limit, self._bytes_per_second = limit, bytes_per_second
        self.connected = self.admitted = self.refused = 0
        self.last_admitted = 0.0

    @property
    def is_full(self) -> bool:
        """Whether there is no place left."""
        return self.connected >= self._limit

    @contextmanager
    def admit(self, *, has_key: bool = False) -> Iterator[None]:
        """A place for one viewer; some are reserved for those who have a key. Raises ``AudienceFull``."""
        if self.connected >= self._limit + (_RESERVED if has_key else 0):
            self.refused += 1
            raise AudienceFull
        self.connected += 1
        self.admitted += 1
        self.last_admitted = time.monotonic()
        try:
            yield
        finally:
            self.connected -= 1

    def pause_after(self, count: int) -> float:
        """Seconds that a viewer who was sent ``count`` bytes waits for more."""
        return count * self.connected / self._bytes_per_second
