"""The camera of a visitor as a source: JPEG pictures that a page in the browser sends."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from typing import Self

import cv2
import numpy as np

from streamcam.errors import SourceError
from streamcam.protocols import Closing
from streamcam.types import Frame, SourceCounts, SourceState, UInt8Array, VideoInfo

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
        image = decode(jpeg)
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

    def __enter__(self) -> Self:
        self._closed = False
        return self


def decode(jpeg: bytes) -> UInt8Array:
    """A JPEG from somebody who is not trusted, as ``(H, W, 3)`` uint8 BGR.

    Raises:
        SourceError: it is no JPEG, too large, or damaged.
    """
    if len(jpeg) > MAX_BYTES:
        raise SourceError(f"picture: {len(jpeg)} bytes are too many; at most {MAX_BYTES}")
    width, height = _size(jpeg)
    if not (16 <= width <= _MAX_SIDE and 16 <= height <= _MAX_SIDE):
        raise SourceError(f"picture: {width}x{height} pixels; 16 to {_MAX_SIDE} on each side are taken")
    try:
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise SourceError("picture: damaged")
    return np.asarray(image, np.uint8)


def _size(jpeg: bytes) -> tuple[int, int]:
    """Width and height by the frame header (ITU T.81, B.2.2), without decoding.

    Only segments with a length are passed over. Decoders skip more than that between segments, and whoever lets them could
    show a small header here and a large one there.
    """
    at = 2
    if jpeg[:2] == b"\xff\xd8":
        while at + 9 <= len(jpeg) and jpeg[at] == 0xFF:
            marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4])
            if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
                height, width = struct.unpack(">HH", jpeg[at + 5 : at + 9])
                return width, height
            if marker in (0x00, 0x01, 0xFF) or 0xD0 <= marker <= 0xDA or length < 2:
                break
            at += 2 + length
    raise SourceError("picture: no JPEG")
