"""Decode the picture of a file with PyAV, frame by frame, passing over what is damaged."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from streamcam.protocols import Closing
from streamcam.sources.refusal import not_decoded

_STEPS = (0.0, 1.0, 3.0, 10.0, 30.0)  # seconds to go back further, until decoding begins before what is wanted
_READ_ERRORS = 100  # in a row, beyond which a file is at its end
_SAME = 1e-6  # seconds


class Decoder(Closing):
    """The decoded frames of one track, PyAV's.

    Attributes:
        origin: when the file starts by its own clock, in seconds.
        failures: packets that could not be decoded so far.
        reason: why the last of them could not.

    Args:
        path: of the file.
        track: index of the stream.
        threads: ``"AUTO"``, or ``"SLICE"`` where the first frames are wanted soon.

    Raises:
        av.FFmpegError: the file cannot be opened.
    """

    def __init__(self, path: Path, track: int, *, threads: str = "AUTO") -> None:
        self._path, self._track, self._threads = path, track, threads
        self.failures, self.reason = 0, ""
        self._open()

    def _open(self) -> None:
        from streamcam.system.ffmpeg import av, open_container

        self._container: Any = open_container(self._path)
        self.origin = (self._container.start_time or 0) / av.time_base
        stream: Any = self._container.streams[self._track]
        stream.thread_type = self._threads
        self._frames = self._decode()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._frames)

    def seek(self, seconds: float) -> None:
        """Go on with the first frame that is shown so many seconds after the start of the file, or later."""
        from streamcam.system.ffmpeg import av

        seconds += self.origin
        for back in _STEPS:
            try:
                self._container.seek(round((seconds - back) * av.time_base), backward=True)
            except av.FFmpegError:
                break
            frames = self._decode()
            first = next(frames, None)
            if first is not None and first.pts is not None and seconds_of(first) <= seconds + _SAME:
                self._frames = _behind(itertools.chain([first], frames), seconds)
                return
        self._container.close()
        self._open()  # to where decoding cannot begin in between, it must go from the start
        self._frames = _behind(self._frames, seconds)

    def skip(self, count: int) -> None:
        """Decode so many frames and leave them out."""
        self._frames = itertools.islice(self._frames, count, None)

    def _decode(self) -> Iterator[Any]:
        from streamcam.system.ffmpeg import av

        stream = self._container.streams[self._track]
        broken = 0
        while broken < _READ_ERRORS:
            try:
                for packet in self._container.demux(stream):
                    if not packet.size and packet.dts is not None:
                        continue  # a dropped frame: to a decoder it would mean the end
                    broken = 0
                    try:
                        yield from packet.decode()
                    except av.EOFError:
                        return
                    except av.FFmpegError as error:
                        self.failures += 1
                        self.reason = error.strerror or str(error)
                return
            except av.EOFError:
                return
            except av.FFmpegError as error:  # the container is broken here; there may be more behind it
                broken += 1
                self.reason = error.strerror or str(error)

    def refusal(self) -> str:
        """One line that says why nothing of it is decoded."""
        return not_decoded(self._path, self._container, self._container.streams[self._track], self.reason)

    def close(self) -> None:
        """Close the file."""
        self._frames = iter(())
        self._container.close()


def seconds_of(frame: Any) -> float:
    """When a frame with a time is shown, by the file's own clock."""
    return float(frame.pts * frame.time_base)


def _behind(frames: Iterator[Any], seconds: float) -> Iterator[Any]:
    return itertools.dropwhile(lambda frame: frame.pts is not None and seconds_of(frame) < seconds - _SAME, frames)
