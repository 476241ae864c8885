"""The camera of a visitor as a source: JPEG pictures that a page in the browser sends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from streamcam.protocols import Closing
from streamcam.source_state import SourceCounts, SourceState
from streamcam.sources.live.decoding import decode
from streamcam.types import Frame, UInt8Array, VideoInfo

MAX_BYTES = 1 << 20  # of a picture as it is sent
_MAX_SIDE = 2560  # pixels; what decodes to more is refused before it is decoded
_LATE = 0.5  # seconds without a picture until the last one is given again
_TICK = 0.1
_AWAY = 3.0  # seconds of silence after which nobody is there


class BrowserSource(Closing):
    """Gives what ``feed`` is given; the newest picture wins."""

    name = "the visitor's camera"

    def __init__(self) -> None:
        self.state = SourceState("connecting")
        self.counts = SourceCounts()
        self._start = time.perf_counter()
        self._changed = threading.Condition()
        self._fed: tuple[UInt8Array, float] | None = None
        self._image: UInt8Array = np.zeros((480, 640, 3), np.uint8)
        self._closed = False

    @property
    def info(self) -> VideoInfo:
        """The size is that of the last picture."""
        height, width = self._image.shape[:2]
        return VideoInfo(width, height, Fraction(30), live=True)

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._start

    def feed(self, jpeg: bytes) -> None:
        """Take a picture, from any thread.

        Raises:
            SourceError: it is no JPEG, or too large.
        """
        arrived = self.now
        image = decode(jpeg, most_bytes=MAX_BYTES, most_pixels=_MAX_SIDE**2, longest_side=_MAX_SIDE)
        with self._changed:
            self.counts.captured += 1
            self.counts.dropped += self._fed is not None
            self._fed = image, arrived
            self._changed.notify()

    def clear(self) -> None:
        """Forget the last picture: whoever was on it has left."""
        with self._changed:
            self._fed = None
            self._image = np.zeros_like(self._image)

    def __iter__(self) -> Iterator[Frame]:
        index, last = 0, -_AWAY
        while not self._closed:
            with self._changed:
                self._changed.wait_for(lambda: self._fed or self._closed, _TICK if self.now - last > _LATE else _LATE)
                fed, self._fed = self._fed, None
            if fed:
                self._image, last = fed
                self.counts.reconnects += self.state.phase == "retrying"
                self.state = SourceState("live")
                yield Frame(self._image, index, last)
            else:
                if self.state.phase == "live" and self.now - last > _AWAY:
                    self.state = SourceState("retrying", "no pictures from the browser")
                    self.clear()
                yield Frame(self._image, index, self.now, fresh=False)
            index += 1

    def close(self) -> None:
        """End the iteration soon."""
        with self._changed:
            self._closed = True
            self._changed.notify()
