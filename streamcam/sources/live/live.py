"""Read a camera, a stream or a file in real time: it never hangs, and is opened again whenever it fails."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from streamcam.errors import OptionError, SourceError
from streamcam.protocols import Closing
from streamcam.settings import CaptureSettings
from streamcam.sources.live.address import parse_address
from streamcam.sources.live.messages import Ended, OpenSource
from streamcam.sources.live.reader import ReadingProcess
from streamcam.types import Frame, SourceCounts, SourceState, UInt8Array, VideoInfo

_TICK = 0.1  # seconds between stand-ins, and the longest that anything waits before it looks whether it should stop
_LATE = 0.5  # seconds without a picture until the last one is shown again
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0  # seconds between attempts, doubled each time
_JITTER = 0.25  # of a pause, so that many programs do not come back to one camera in step
_USUAL_SIZE = 1280, 720


class LiveSource(Closing):
    """Frames of a camera, a network stream, or a file played in real time.

    Where there is no picture for a while, the last one (at first a black one) is given again with ``fresh=False``, ten
    times a second, so that whoever shows them stays responsive. A source that fails, stalls or is not there at start is
    opened again, without end unless ``give_up_after`` is set, after a pause that doubles up to ten seconds.

    Args:
        given: a camera's number, a device path, a URL, or a file.
        settings: what to ask a camera for, and how patient to be.

    Raises:
        SourceError: it can be no source at all. While iterating: it gave nothing for ``give_up_after`` seconds.
        OptionError: a setting is outside its range.
    """

    def __init__(self, given: str | int | Path, settings: CaptureSettings = CaptureSettings()) -> None:
        _check(settings)
        self.address = parse_address(given)
        self._settings = settings
        self._rate = Fraction(settings.fps or 30).limit_denominator(1001)
        width, height = settings.width or _USUAL_SIZE[0], settings.height or _USUAL_SIZE[1]
        self._image: UInt8Array = np.zeros((height, width, 3), np.uint8)
        self._index = 0
        self._last_fresh = 0.0
        self._stopping = threading.Event()
        self.start = time.perf_counter()
        self.state = SourceState("connecting")
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
            self._last_fresh, attempt = self.now, 0
            while not self._stopping.is_set():
                reader.open(OpenSource(self.address, self._settings))
                for frame in self._frames_until_failure(reader):
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

    def _frames_until_failure(self, reader: ReadingProcess) -> Iterator[Frame]:
        """Fresh frames and stand-ins, until the source ends or is silent for too long; ``state`` says which."""
        patience, last = self._settings.open_timeout, self.now
        while not self._stopping.is_set():
            message = reader.next(_TICK)
            if message is None:
                silence = self.now - last
                if silence > patience:
                    self.counts.stalls += 1
                    self.state = SourceState("retrying", f"silent for {patience:g} s", self.state.attempt)
                    reader.kill()
                    return
                if silence > _LATE:
                    yield self._stand_in()
            elif isinstance(message, Ended):
                over = not message.reason and self.address.kind == "file"
                reason = message.reason or "it ended"
                self.state = SourceState("ended" if over else "retrying", reason, self.state.attempt)
                return
            else:
                last = self._last_fresh = self.now
                patience = self._settings.stall_timeout
                self._image = reader.copy(message)
                self.counts.captured += 1
                self.counts.dropped += message.dropped
                if self.state.phase != "live":
                    self.counts.reconnects += self.state.phase == "retrying"
                    self.state = SourceState("live")
                yield self._frame(message.arrived - self.start, fresh=True)

    def _stand_in(self) -> Frame:
        """The last picture once more. Raises ``SourceError`` when there was none for too long."""
        longest = self._settings.give_up_after
        if longest and self.now - self._last_fresh > longest:
            raise SourceError(
                f"{self.address.name}: no picture for {longest:g} s "
                f"({self.state.reason or 'it is silent'}); check that it is there and switched on"
            )
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
            raise OptionError(f"{name.replace('_', '-')} {value}: must be more than 0")
