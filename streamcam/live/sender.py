"""Send what a live session shows to an address, and try again when the receiver fails: the session goes on meanwhile."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from streamcam.errors import StreamcamError
from streamcam.protocols import Closing
from streamcam.types import Explanation, Frame

_log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0  # seconds between attempts, doubled each time


class Connection(Protocol):
    """What sends over one connection, in a thread of its own; ``StreamSink`` is one."""

    @property
    def name(self) -> str:
        """What may be shown of where to: no password."""
        ...

    @property
    def failure(self) -> StreamcamError | None:
        """Why nothing is sent any more."""
        ...

    @property
    def frames(self) -> int:
        """How many were sent."""
        ...

    @property
    def lost(self) -> int:
        """How many were left out."""
        ...

    def write(self, frame: Frame, explanation: Explanation | None) -> None:
        """Take one frame, without waiting for the receiver."""
        ...

    def close(self) -> None:
        """Send what waits, and end."""
        ...


class Sender(Closing):
    """A writer that sends frames over one connection after the other.

    A connection that fails is said once for each reason, and opened again after a pause. So is one whose pictures change
    their size, since receivers are told that at the start.

    Args:
        connect: opens a connection anew; it does not wait for the receiver.
        clock: seconds that never go back.
    """

    def __init__(self, connect: Callable[[], Connection], clock: Callable[[], float] = time.monotonic) -> None:
        self.failure: StreamcamError | None = None
        self._connect, self._clock = connect, clock
        self._connection: Connection | None = None
        self._shape: tuple[int, ...] = ()
        self._began = 0.0
        self._sent = self._lost = 0
        self._pause, self._again = _FIRST_PAUSE, float("-inf")
        self._said = ""
        self._closing: list[threading.Thread] = []

    @property
    def sent(self) -> int:
        """Frames that receivers have taken."""
        return self._sent + (self._connection.frames if self._connection else 0)

    @property
    def lost(self) -> int:
        """Frames that were left out: the receiver was slow, or there was none."""
        return self._lost + (self._connection.lost if self._connection else 0)

    def write(self, frame: Frame, explanation: Explanation | None) -> None:
        """Send a frame, if there is a receiver. Sending begins with a fresh one."""
        connection = self._connection
        if connection and connection.failure:
            self._fail(connection.failure)
        elif connection and frame.image.shape != self._shape:
            self._leave()
        if self._connection is None:
            if self._clock() < self._again or not frame.fresh:
                self._lost += frame.fresh
                return
            self._connection, self._shape, self._began = self._connect(), frame.image.shape, frame.time
        self._connection.write(replace(frame, time=frame.time - self._began), explanation)
        if self.failure and self._connection.frames:
            _log.info(f"{self._connection.name}: is sent to again")
            self.failure, self._said, self._pause = None, "", _FIRST_PAUSE

    def _fail(self, failure: StreamcamError) -> None:
        self.failure = failure
        reason = str(failure).partition(";")[0]
        if reason != self._said:
            self._said = reason
            _log.warning(f"{reason}; trying again, and the session goes on")
        self._leave()
        self._again = self._clock() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _leave(self) -> None:
        """Give the connection up, without waiting for a receiver that hangs."""
        connection, self._connection = self._connection, None
        if connection:
            self._sent += connection.frames
            self._lost += connection.lost
            self._closing = [thread for thread in self._closing if thread.is_alive()]
            self._closing.append(threading.Thread(target=connection.close, name="streamcam-leaving", daemon=True))
            self._closing[-1].start()

    def close(self) -> None:
        """Send what waits, and end."""
        connection, self._connection = self._connection, None
        if connection:
            connection.close()
            self.failure = connection.failure or self.failure
            self._sent += connection.frames
            self._lost += connection.lost
        for thread in self._closing:
            thread.join()
