"""Read a video file by OpenCV where it shows what is in the file, and by PyAV where it does not."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable
from pathlib import Path

from streamcam.errors import SourceError, StreamcamWarning
from streamcam.protocols import Closing
from streamcam.sources.conversion import Conversion, Timed
from streamcam.sources.decoder import Decoder, seconds_of
from streamcam.sources.probe import Probe
from streamcam.sources.proof import Opening, alike, thumbnail
from streamcam.sources.readers import OpenCVReader, PyAVReader, Reader
from streamcam.types import UInt8Array

_ATTEMPTS = 500  # damaged packets in a row; more are the end of the file
_BACK, _AHEAD = 0.1, 10.0  # seconds between two pictures, beyond which times do not tell them apart any more
_BESIDE = 2.0  # seconds that are decoded rather than sought


class ProvenReader(Closing):
    """The pictures of a file, by the reader that was proven on its first pictures.

    Later on, OpenCV gives up at interlaced pictures by repeating the one before: where pictures stand still in a stream that
    may become interlaced, PyAV decodes beside it, and takes over if they are. It takes over, too, where OpenCV ends too soon.

    Attributes:
        reader: what reads now.

    Args:
        path: of the file.
        facts: what its headers say.
        opening: its first pictures, as PyAV decodes them.
    """

    reader: Reader

    def __init__(self, path: Path, facts: Probe, opening: Opening) -> None:
        self._path, self._facts, self._opening = path, facts, opening
        self._ahead: deque[Timed] = deque()  # what was read for the proof
        self._read = 0  # pictures that were given
        self._time: float | None = None  # of the last of them
        self._failures = 0
        self._joined = False  # whether times do not tell pictures apart
        self._last = b""  # a few pixels of the last picture
        self._witness: _Witness | None = None
        self._choose()

    def _choose(self) -> None:
        opening = self._opening
        if opening.tone:
            return self._use_pyav(
                f"OpenCV does not bring {opening.tone.transfer.upper()} to the range of a normal screen"
            )
        if opening.interlaced:
            return self._use_pyav("it is interlaced, which OpenCV cannot show")
        if not opening.orientation.plain:
            return self._use_pyav("it is to be mirrored or turned askew, which OpenCV does not do")
        if opening.transparent:
            return self._use_pyav("")
        try:
            self.reader = OpenCVReader(self._path, self._facts.start)
        except SourceError:
            return self._use_pyav(f"OpenCV cannot open {self._facts.kind}")
        if reason := self._disproof(self.reader):
            self.reader.close()
            self._use_pyav(reason)
        return None

    def _disproof(self, reader: OpenCVReader) -> str:
        """Read the first pictures, and say what is wrong with them: nothing, mostly."""
        opening = self._opening
        for _ in range(opening.distance + 1):
            picture = reader.read()
            if picture is None:
                break
            self._ahead.append(picture)
        if not self._ahead:
            return f"OpenCV does not decode {self._facts.kind}"
        shown = opening.orientation.size(*opening.size)
        if self._ahead[0][0].shape[1::-1] != shown:
            return "OpenCV gives pictures of another size"
        pairs = [(self._ahead[0][0], opening.first)]
        if opening.further is not None and len(self._ahead) > opening.distance:
            pairs.append((self._ahead[-1][0], opening.further))
        if not all(alike(thumbnail(image), decoded) for image, decoded in pairs):
            return "OpenCV does not show what FFmpeg decodes"
        time = self._ahead[0][1]
        if opening.time is not None and time is not None and abs(opening.time - time) > 1e-3:
            late = opening.time - time  # OpenCV counts from a start that is not that of its first picture
            reader.start += late
            self._ahead = deque((image, None if t is None else t + late) for image, t in self._ahead)
        return ""

    def _use_pyav(self, reason: str) -> None:
        opening = self._opening
        self._ahead.clear()
        conversion = Conversion(opening.orientation, opening.tone, opening.size)
        self.reader = PyAVReader(self._path, self._facts.track, conversion)
        if reason:
            warnings.warn(f"{self._path}: read by PyAV, since {reason}", StreamcamWarning, stacklevel=2)

    def read(self, *, missing: Callable[[], int]) -> Timed | None:
        """The next picture, and its time in seconds from the start of the file; None at the end.

        Args:
            missing: how many pictures are missing at the end.
        """
        picture = self._ahead.popleft() if self._ahead else self.reader.read()
        if picture is None and self.reader.name == "opencv":
            picture = self._go_on(missing)
        if picture is None:
            return None
        time = picture[1]
        if time is None or (self._time is not None and not -_BACK <= time - self._time <= _AHEAD):
            self._joined = True
        if self._stands_still(picture):
            picture = self._look_closer(picture)
        self._read, self._time = self._read + 1, time
        return picture

    def _go_on(self, missing: Callable[[], int]) -> Timed | None:
        """What comes behind damage, or behind where OpenCV cannot read on; None at the end."""
        for _ in range(_ATTEMPTS):
            if picture := self.reader.read():
                self._failures += 1
                return picture
        if not missing():
            return None
        try:
            reader = self._take_over(after=True)
        except SourceError:
            return None
        picture = reader.read()
        if picture is None:
            reader.close()
            return None
        self._replace(reader, "OpenCV cannot read it to its end")
        return picture

    def _take_over(self, *, after: bool) -> PyAVReader:
        """PyAV, at the picture that comes now, or after the last one."""
        before = self.reader
        self._use_pyav("")
        reader, self.reader = self.reader, before
        assert isinstance(reader, PyAVReader)
        if self._joined or self._time is None:
            reader.skip(self._read)
        else:
            reader.seek(self._time + (1e-4 if after else 0.0))
        return reader

    def _replace(self, reader: Reader, reason: str) -> None:
        self.reader.close()
        self.reader = reader
        warnings.warn(
            f"{self._path}: read by PyAV from picture {self._read} on, since {reason}", StreamcamWarning, stacklevel=4
        )

    def _stands_still(self, picture: Timed) -> bool:
        """Whether a picture may be the one before once more, in a stream where that may be OpenCV's failure."""
        if not self._facts.may_interlace or self.reader.name != "opencv":
            return False
        pixels = _few(picture[0])
        same, self._last = pixels == self._last, pixels
        return same

    def _look_closer(self, picture: Timed) -> Timed:
        """The picture, or what PyAV decodes there if it is interlaced."""
        if self._witness is None:
            self._witness = _Witness(self._path, self._facts.track)
        by_time = None if self._joined else picture[1]
        if not self._witness.interlaced(self._read, by_time):
            return picture
        self._time = picture[1]
        reader = self._take_over(after=False)
        self._replace(reader, "it becomes interlaced there, which OpenCV cannot show")
        return reader.read() or picture

    @property
    def failures(self) -> int:
        """How often something could not be decoded."""
        return self._failures + (self.reader.failures if isinstance(self.reader, PyAVReader) else 0)

    def seek(self, seconds: float) -> None:
        """Go to the first picture that is shown at this time or after it."""
        self._ahead.clear()
        if not self.reader.seek(seconds):
            self.reader.close()
            self._use_pyav(f"OpenCV does not find {seconds:g} s in it")
            self.reader.seek(seconds)

    def close(self) -> None:
        """Release the file."""
        self.reader.close()
        if self._witness:
            self._witness.close()


def _few(image: UInt8Array) -> bytes:
    """Some pixels of a picture, taken evenly."""
    return image[:: max(1, image.shape[0] // 16), :: max(1, image.shape[1] // 16)].tobytes()


class _Witness(Closing):
    """Decodes beside OpenCV, to tell whether pictures are interlaced."""

    def __init__(self, path: Path, track: int) -> None:
        self._path, self._track = path, track
        self._decoder = Decoder(path, track)
        self._number: int | None = None  # of the next frame, while frames are counted
        self._at: float | None = None  # time of the last frame that was looked at

    def interlaced(self, number: int, time: float | None) -> bool:
        """Whether a picture is, by its time, or by its number where times do not tell pictures apart."""
        return self._by_number(number) if time is None else self._by_time(time)

    def _by_number(self, number: int) -> bool:
        if self._number is None:
            self._decoder.close()
            self._decoder, self._number = Decoder(self._path, self._track), 0
        self._decoder.skip(number - self._number)
        self._number = number + 1
        frame = next(self._decoder, None)
        return frame is not None and frame.interlaced_frame

    def _by_time(self, time: float) -> bool:
        if self._at is None or not 0 <= time - self._at <= _BESIDE:
            self._decoder.seek(time)
        self._at = time
        for frame in self._decoder:
            if frame.pts is None or seconds_of(frame) - self._decoder.origin >= time - 1e-3:
                return bool(frame.interlaced_frame)
        return False

    def close(self) -> None:
        self._decoder.close()
