"""Read a camera, a stream, a file or the screen in real time: it never hangs, and is opened again whenever it fails."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from streamcam.errors import OptionError, SourceError
from streamcam.protocols import Closing
from streamcam.settings import CaptureSettings
from streamcam.source_state import SourceCounts, SourceState
from streamcam.sources.live.address import parse_address
from streamcam.sources.live.kinds.screen import check_mss
from streamcam.sources.live.messages import Ended, OpenSource, Waiting
from streamcam.sources.live.patience import Patience
from streamcam.sources.live.reader import ReadingProcess
from streamcam.types import Frame, UInt8Array, VideoInfo

_TICK = 0.1  # seconds between stand-ins, and the longest that anything waits before it looks whether it should stop
_LATE = 0.5  # seconds without a picture until the last one is shown again
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0  # seconds between attempts, doubled each time
_JITTER = 0.25  # of a pause, so that many programs do not come back to one camera in step
_SLOW = 3.0  # seconds without an answer that are worth a word
_USUAL_SIZE = 1280, 720
_CONNECTING, _LIVE = SourceState("connecting"), SourceState("live")


class LiveSource(Closing):
    """Frames of a camera, a network stream, an address that gives a picture a request, the screen, or a file in real time.

    Where there is no picture for a while, the last one (at first a black one) is given again with ``fresh=False``, ten
    times a second, so that whoever shows them stays responsive. A source that fails, stalls or is not there at start is
    opened again, without end unless ``give_up_after`` is set, after a pause that doubles up to ten seconds. A file ends at
    its end, and where it cannot be read.

    Args:
        given: a camera's number, a device path, a URL, a file, or ``screen``, see ``parse_address``.
        settings: what to ask a camera for, and how patient to be.

    Raises:
        SourceError: it can be no source at all. While iterating: it gave nothing for ``give_up_after`` seconds, or it is a
            file that cannot be read.
        MissingLibraryError: the screen is asked for, and there is no library to read it.
        OptionError: a setting is outside its range.

    Example::

        with streamcam.LiveSource("rtsp://camera.local/stream") as source:
            for frame in source:
                print(frame.time, frame.fresh, source.state.phase)
    """

    def __init__(self, given: str | int | Path, settings: CaptureSettings = CaptureSettings()) -> None:
        _check(settings)
        self.address = parse_address(given)
        if self.address.kind == "screen":
            check_mss()
        self._settings = settings
        self._rate = Fraction(settings.fps or 30).limit_denominator(1001)
        width, height = settings.width or _USUAL_SIZE[0], settings.height or _USUAL_SIZE[1]
        self._image: UInt8Array = np.zeros((height, width, 3), np.uint8)
        self._index = 0
        self._patience = Patience(settings.stall_timeout)
        self._has_begun = False
        self._waiting_since = 0.0  # from when on a missing picture counts
        self._stopping = threading.Event()
        self.start = time.perf_counter()
        self.state = _CONNECTING
        self.counts = SourceCounts()

    @property
    def name(self) -> str:
        """What may be shown of where it comes from: no password."""
        return self.address.name

    @property
    def info(self) -> VideoInfo:
        """The size is that of the last picture; before the first one, of what was asked for."""
        height, width = self._image.shape[:2]
        return VideoInfo(width, height, self._rate, live=True)

    @property
    def now(self) -> float:
        """Seconds since the start of the source, on the clock of ``Frame.time``."""
        return time.perf_counter() - self.start

    def __iter__(self) -> Iterator[Frame]:
        with ReadingProcess() as reader:
            self._waiting_since, attempt = self.now, 0
            while not self._stopping.is_set():
                settings = self._patient_settings(attempt)
                reader.open(OpenSource(self.address, settings))
                for frame in self._frames_until_failure(reader, settings.open_timeout):
                    attempt = 0 if frame.fresh else attempt
                    yield frame
                if self.state.phase == "ended":
                    return
                attempt += 1
                self.state = SourceState("retrying", self.state.reason, attempt)
                pause = min(_FIRST_PAUSE * 2 ** min(attempt - 1, 10), _LONGEST_PAUSE)
                until = self.now + pause * random.uniform(1 - _JITTER, 1 + _JITTER)
                while self.now < until and not self._stopping.wait(_TICK):
                    yield self._stand_in()

    def _patient_settings(self, attempt: int) -> CaptureSettings:
        """How to open it now: a stream of which nothing was understood in time may be slow, and is given twice as long."""
        longer = 2 if attempt and self.address.kind == "stream" else 1
        return replace(self._settings, open_timeout=longer * self._settings.open_timeout)

    def _frames_until_failure(self, reader: ReadingProcess, open_timeout: float) -> Iterator[Frame]:
        """Fresh frames and stand-ins, until the source ends or hangs; ``state`` says which."""
        patience, last = self._patience, self.now
        patience.begin(last, open_timeout)
        while not self._stopping.is_set():
            message = reader.next(_TICK)
            now = self.now
            if message is None:
                if patience.is_over(now):
                    self.counts.stalls += 1
                    self.state = SourceState("retrying", self._why_silent(), self.state.attempt)
                    reader.kill()
                    return
                if self.state == _CONNECTING and now - last > _SLOW:
                    self.state = replace(self.state, reason="it has not answered so far")
                if now - last > _LATE:
                    yield self._stand_in()
            elif isinstance(message, Waiting):
                self._wait(message)
            elif isinstance(message, Ended):
                self.counts.damaged += message.damaged
                self._end(message.reason)
                return
            else:
                last = self._waiting_since = now
                patience.picture(now)
                self._image = reader.copy(message)
                self.counts.captured += 1
                self.counts.dropped += message.dropped
                self.counts.damaged += message.damaged
                if self.state != _LIVE:
                    self.counts.reconnects += self.state.phase == "retrying"
                    self.state = _LIVE
                yield self._frame(message.arrived - self.start, fresh=True)

    def _why_silent(self) -> str:
        """Why a source that hangs gives no picture."""
        if not self._patience.has_pictures:
            return "it does not answer"
        return (self.state.reason if self.state.phase == "live" else "") or f"silent for {self._patience.seconds:.2g} s"

    def _wait(self, message: Waiting) -> None:
        """There is no picture, and the reading process is well."""
        now = self.now
        if self._patience.is_starting:
            self._patience.opening(now)
            if not self._has_begun:  # the time that a process takes to start is not the source's
                self._has_begun, self._waiting_since = True, now
            return
        self._patience.alive(now, message.due)
        if message.reason:
            self.state = replace(self.state, reason=message.reason)

    def _end(self, reason: str) -> None:
        """There are no more pictures. Raises ``SourceError`` for a file that cannot be read: that does not change."""
        is_over = self.address.kind == "file"
        if is_over:
            self.state = SourceState("ended", reason)
        else:
            self.state = SourceState("retrying", reason or "it ended", self.state.attempt)
        if is_over and reason:
            raise SourceError(f"{self.address.name}: {reason}")

    def _stand_in(self) -> Frame:
        """The last picture once more. Raises ``SourceError`` when there was none for too long."""
        longest = self._settings.give_up_after
        if longest and self._has_begun and self.now - max(self._waiting_since, self._patience.promised) > longest:
            reason = self.state.reason or "it is silent; check that it is there and switched on"
            raise SourceError(f"{self.address.name}: no picture for {longest:g} s ({reason})")
        return self._frame(self.now, fresh=False)

    def _frame(self, at: float, *, fresh: bool) -> Frame:
        frame = Frame(self._image, self._index, max(0.0, at), fresh)
        self._index += 1
        return frame

    def close(self) -> None:
        """End the iteration, wherever it is, within a tenth of a second."""
        self._stopping.set()


def _check(settings: CaptureSettings) -> None:
    """Raise ``OptionError`` for what must be a number above 0 and is none."""
    positive = ("stall_timeout", "open_timeout", "give_up_after", "fps")
    for name in positive:
        value = getattr(settings, name)
        if value is not None and not 0 < value < float("inf"):
            raise OptionError(f"{name.replace('_', '-')} {value:g}: must be more than 0")
