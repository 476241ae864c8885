"""Send what a live session shows to an address, in a thread of its own; a receiver that fails is tried again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from queue import Empty, Full, Queue

from streamcam.errors import StreamcamError
from streamcam.protocols import Closing, Sink
from streamcam.types import Explanation, Frame, VideoInfo

_log = logging.getLogger(__name__)

_WAITING = 30  # frames between the session and the receiver
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 15.0  # seconds between attempts, doubled each time
_LAST_WAIT = 5.0  # seconds that the end of a session waits for a receiver
_TICK = 0.2


class Sender(Closing):
    """A writer that sends frames. One that finds the queue full is left out: a slow receiver never delays the session.

    Args:
        name: what may be shown of where to: no password.
        rate: frames a second that the source promises.
        open_sink: opens the connection anew, for frames of this kind. It and the sink raise ``StreamcamError`` when the
            receiver fails.
    """

    def __init__(self, name: str, rate: Fraction, open_sink: Callable[[VideoInfo], Sink]) -> None:
        self.name = name
        self.sent = self.lost = 0
        self.failure: StreamcamError | None = None
        self._rate, self._open_sink = rate, open_sink
        self._queue: Queue[tuple[Frame, Explanation | None]] = Queue(_WAITING)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="streamcam-sending", daemon=True)
        self._thread.start()

    def write(self, frame: Frame, explanation: Explanation | None) -> None:
        """Take one frame. Sending begins with the first fresh one."""
        if not frame.fresh and self.sent + self.lost == 0 and self._queue.empty():
            return
        try:
            self._queue.put_nowait((frame, explanation))
        except Full:
            self.lost += 1

    def _work(self) -> None:
        pause, said = _FIRST_PAUSE, ""
        while not self._ending.is_set():
            sent = self.sent
            try:
                self._send()
            except StreamcamError as error:
                self.failure = error
                if str(error) != said:
                    said = str(error)
                    _log.warning(f"{said}; trying again")
            pause = _FIRST_PAUSE if self.sent > sent else pause
            self._leave_out(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _send(self) -> None:
        """Over one connection, until the session ends or the picture's size changes. Raises what the sink raises."""
        if (item := self._next()) is None:
            return
        frame, explanation = item
        began, shape = frame.time, frame.image.shape
        info = VideoInfo(shape[1], shape[0], self._rate, live=True)
        with self._open_sink(info) as sink:
            while item is not None and item[0].image.shape == shape:
                frame, explanation = item
                sink.write(replace(frame, time=frame.time - began), explanation)
                if self.failure or not self.sent:
                    _log.info(f"{self.name}: receives")
                self.sent, self.failure = self.sent + 1, None
                item = self._next()

    def _next(self) -> tuple[Frame, Explanation | None] | None:
        """The next frame, or None at the end of the session."""
        while True:
            try:
                return self._queue.get(timeout=_TICK)
            except Empty:
                if self._ending.is_set():
                    return None

    def _leave_out(self, seconds: float) -> None:
        """Wait before the next attempt. What comes meanwhile is not sent later."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._ending.is_set():
            try:
                self._queue.get(timeout=_TICK)
                self.lost += 1
            except Empty:
                continue

    def close(self) -> None:
        """Send what waits, and close the connection; a receiver that does not take it is left."""
        self._ending.set()
        self._thread.join(_LAST_WAIT)
