"""The end of a sink: once, and told whether everything came."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class EndsOnce(ABC):
    """A sink that ends once: complete by ``close``, and with what there is of it after an error in a ``with`` block."""

    def __init__(self) -> None:
        self.frames = 0
        self._closed = False

    def close(self) -> None:
        """Complete what is written. A second call does nothing. Raises ``SinkError`` when it cannot be written."""
        self._end_once(complete=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_once(complete=kind is None)

    def _end_once(self, *, complete: bool) -> None:
        if not self._closed:
            self._closed = True
            self._end(complete=complete)

    @abstractmethod
    def _end(self, *, complete: bool) -> None:
        """Write the rest. ``complete`` is False after an error or an interrupt."""
