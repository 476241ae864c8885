"""The two readers of video files: OpenCV's, and PyAV's for what OpenCV cannot show. Both give upright BGR pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Protocol

import cv2
import numpy as np

from streamcam.errors import SourceError
from streamcam.protocols import Closing
from streamcam.sources.conversion import Conversion, Timed
from streamcam.sources.decoder import Decoder

ReaderName = Literal["opencv", "pyav"]


_SAME = 1e-6  # seconds
_RUN_IN = 1.0  # seconds that OpenCV goes back further: it counts frames, not seconds


class Reader(Protocol):
    """What reads one track of a file, picture by picture."""

    name: ReaderName

    def read(self) -> Timed | None:
        """The next picture, and its time in seconds from the start of the file; None at the end, or where it is damaged."""
        ...

    def seek(self, seconds: float) -> bool:
        """Go to the first picture that is shown at this time or after it; whether that worked."""
        ...

    def close(self) -> None:
        """Release the file."""
        ...


class OpenCVReader(Closing):
    """Reads by OpenCV, which turns pictures upright by itself.

    Args:
        path: of the file.
        start: when its first picture is due, in seconds from the start of the file: OpenCV counts from there.

    Raises:
        SourceError: OpenCV cannot open it.
    """

    name: ReaderName = "opencv"

    def __init__(self, path: Path, start: float) -> None:
        self._path, self.start = path, start
        self._ready = False
        self._open()

    def _open(self) -> None:
        self._capture = cv2.VideoCapture(str(self._path.absolute()), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise SourceError(f"{self._path}: OpenCV cannot open it")

    def read(self) -> Timed | None:
        """See ``Reader``. OpenCV gives up at every damaged packet, and goes on behind it when it is asked again."""
        ok, image = self._capture.retrieve() if self._ready else self._capture.read()
        self._ready = False
        return (image.astype(np.uint8, copy=False), self._time) if ok else None

    @property
    def _time(self) -> float:
        # Start and time are added in this order, since parts of a file are cut by the same arithmetic.
        return self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 + self.start

    def seek(self, seconds: float) -> bool:
        """See ``Reader``. Pictures before it are decoded, but not converted."""
        before = seconds - self.start - _RUN_IN
        if before > 0:
            self._capture.set(cv2.CAP_PROP_POS_MSEC, before * 1000)
        else:
            self._capture.release()
            self._open()
        first = True
        while self._capture.grab():
            if self._time >= seconds - _SAME:
                self._ready = True
                return not first or self._time <= max(seconds, self.start) + _SAME
            first = False
        return False

    def close(self) -> None:
        """See ``Reader``."""
        self._capture.release()


class PyAVReader(Closing):
    """Reads by PyAV, in two threads at least, and brings to a plain picture what OpenCV cannot.

    Args:
        path: of the file.
        track: index of the stream.
        conversion: of decoded frames to pictures.
    """

    name: ReaderName = "pyav"

    def __init__(self, path: Path, track: int, conversion: Conversion) -> None:
        self._decoder = Decoder(path, track)
        self._conversion = conversion
        self._pictures = self._convert()

    @property
    def failures(self) -> int:
        """Packets that could not be decoded."""
        return self._decoder.failures

    def read(self) -> Timed | None:
        """See ``Reader``; what is damaged is passed over."""
        return next(self._pictures, None)

    def _convert(self) -> Iterator[Timed]:
        for frame in self._decoder:
            yield from self._from_start(self._conversion.pictures(frame))
        yield from self._from_start(self._conversion.pictures(None))

    def _from_start(self, pictures: Iterator[Timed]) -> Iterator[Timed]:
        for image, time in pictures:
            yield image, None if time is None else time - self._decoder.origin

    def seek(self, seconds: float) -> bool:
        """See ``Reader``."""
        self._decoder.seek(seconds)
        self._pictures = self._convert()
        return True

    def skip(self, count: int) -> None:
        """Leave out so many pictures, for where times do not tell them apart."""
        self._decoder.skip(count)

    def close(self) -> None:
        """See ``Reader``."""
        self._pictures = iter(())
        self._decoder.close()
