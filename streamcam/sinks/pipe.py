"""Write annotated frames into a pipe, such as standard output, for another program to read while they come."""

from __future__ import annotations

import sys
from typing import IO

from streamcam.errors import SinkError
from streamcam.settings import Encoding
from streamcam.sinks.containers import MATROSKA
from streamcam.sinks.encoder import reason
from streamcam.sinks.ending import EndsOnce
from streamcam.sinks.muxer import VideoMuxer
from streamcam.types import Explanation, Frame, VideoInfo

_NAME = "standard output"


class _Ahead:
    """A binary file as a stream: each piece goes on its way at once, and nothing is left in a buffer for a reader who is gone."""

    def __init__(self, file: IO[bytes]) -> None:
        file.flush()
        self._file = getattr(file, "raw", file)

    def write(self, data: bytes) -> int:
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) or 0 :]
        return len(data)


class PipeSink(EndsOnce):
    """Writes frames as Matroska, which can be read from its beginning on, holds any codec and nearly any sound.

    ``streamcam annotate clip.mp4 -o - | ffplay -`` is one use of it. The one who gives the file closes it.

    Args:
        info: of the source: size, rate, clock and sound.
        file: binary; standard output if None. Nothing else may be written to it.
        encoding: how to compress.

    Raises:
        SinkError: nobody reads, or the encoder refuses what is asked for.
    """

    def __init__(self, info: VideoInfo, *, file: IO[bytes] | None = None, encoding: Encoding | None = None) -> None:
        from streamcam.system.ffmpeg import av

        super().__init__()
        self._error = av.FFmpegError
        self._interval = float(1 / info.frame_rate)
        self._time = 0.0
        target: IO[bytes] = _Ahead(file or sys.stdout.buffer)  # type: ignore[assignment]
        try:
            self._muxer = VideoMuxer(target, MATROSKA, info, encoding or Encoding(), name=_NAME)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise _failure(error) from error

    def write(self, frame: Frame, explanation: Explanation | None) -> None:
        """Take one frame. Raises ``SinkError`` when nobody reads any more."""
        try:
            self._muxer.write(frame)
        except (self._error, OSError) as error:
            raise _failure(error) from error
        self._time = frame.time
        self.frames += 1

    def _end(self, *, complete: bool) -> None:
        try:
            if self.frames:
                self._muxer.finish(float("inf") if complete else self._time + self._interval)
            self._muxer.close()
        except (self._error, OSError) as error:
            self._muxer.abandon()
            if complete:
                raise _failure(error) from error


def _failure(error: Exception) -> SinkError:
    if isinstance(error, SinkError):
        return error
    if isinstance(error, BrokenPipeError):
        return SinkError(f"{_NAME}: the program that reads it has ended")
    return SinkError(f"{_NAME}: cannot be written ({reason(error)})")
