"""Encode pictures and put them, with the source's sound, into a container: a file, a pipe or a stream."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

from streamcam.settings import Encoding
from streamcam.sinks.audio import AudioCopy
from streamcam.sinks.colours import to_yuv420, widened
from streamcam.sinks.containers import Container
from streamcam.sinks.encoder import add_video, refuse_container
from streamcam.sinks.mark import MARK
from streamcam.sinks.reduction import Reduction
from streamcam.types import Frame, UInt8Array, VideoInfo

_FINE = Fraction(1, 90_000)  # seconds of a tick


class VideoMuxer:
    """A container that is being written. All that is refused is refused when it is made, before the first picture.

    A picture with an odd side is widened by one pixel, since yuv420p has none.

    Args:
        target: the file, URL or open file.
        kind: of the container.
        info: of the source: size, rate, clock and sound.
        encoding: how to compress.
        name: of the output, in messages.
        low_delay: give each picture at once, for viewers who wait for it.

    Raises:
        SinkError: an option, the codec or the picture is refused.
        av.FFmpegError, OSError: it cannot be opened.
    """

    def __init__(
        self,
        target: str | Path | IO[bytes],
        kind: Container,
        info: VideoInfo,
        encoding: Encoding,
        *,
        name: str,
        low_delay: bool = False,
    ) -> None:
        from streamcam.system.ffmpeg import av, open_container

        self._av = av
        self._reduction = Reduction(info, encoding)
        self._info = info = _on_clock(self._reduction.info)
        self._audio: AudioCopy | None = None
        self._last_pts = -1
        self._end = 0  # of the last picture, in ticks
        self._gaps = False
        self._output = open_container(target, "w", format=kind.format, options=dict(kind.options))
        try:
            even = replace(self._reduction.even, time_base=info.time_base)
            self._stream = add_video(self._output, even, encoding, kind.codec, name=name, low_delay=low_delay)
            if info.audio and encoding.audio != "none":
                self._audio = AudioCopy(info, self._output, kind, audio=encoding.audio, name=name)
            # A transport stream has no comments.
            self._output.metadata["service_provider" if self._output.format.name == "mpegts" else "comment"] = MARK
            try:
                self._output.start_encoding()
            except ValueError as error:
                raise refuse_container(name, encoding, kind.codec) from error
        except BaseException:
            self.abandon()
            raise

    def write(self, frame: Frame) -> None:
        """Encode a picture and write what comes out, with the sound that is due by then.

        Raises:
            av.FFmpegError, OSError: it cannot be written.
        """
        if not self._reduction.takes(frame):
            return
        picture = self._av.VideoFrame.from_ndarray(self._planes(frame.image), format="yuv420p")
        picture.time_base = self._info.time_base
        picture.pts = self._last_pts = max(self._last_pts + 1, round(frame.time / self._info.time_base))
        interval = 1 / self._info.frame_rate
        picture.duration = max(1, round((frame.duration or interval) / self._info.time_base))
        self._gaps = self._gaps or (picture.pts - self._end) * self._info.time_base > interval / 2
        self._end = picture.pts + picture.duration
        self._mux(picture)

    def finish(self, until: float) -> None:
        """Write what the encoder still holds, and the sound before a time."""
        self._mux(None)
        if self._audio:
            self._audio.copy_until(until)

    def close(self) -> None:
        """Complete the container and close it."""
        if self._audio:
            self._audio.close()
        self._output.close()

    def abandon(self) -> None:
        """Close it, whatever becomes of it."""
        with contextlib.suppress(self._av.FFmpegError, OSError, ValueError):
            if self._audio:
                self._audio.close()
        with contextlib.suppress(self._av.FFmpegError, OSError, ValueError):
            self._output.close()

    def _planes(self, image: UInt8Array) -> UInt8Array:
        even = self._reduction.even
        return to_yuv420(widened(self._reduction.sized(image), even.height, even.width))

    def _mux(self, picture: Any) -> None:
        packets = self._stream.encode(picture)
        if picture is None and packets and self._gaps:
            # Where pictures are missing, FFmpeg lets an MP4's edit list end with the packet that comes last, which need
            # not be the picture that is shown last.
            packets[-1].duration = max(1, self._end - packets[-1].pts)
        for packet in packets:
            if self._audio:
                self._audio.copy_until(float((packet.dts or 0) * packet.time_base))
            self._output.mux(packet)


def _on_clock(info: VideoInfo) -> VideoInfo:
    """With a clock that can tell the times of its frames: a video that begins anywhere does not begin at a tick of its own."""
    return replace(info, time_base=min(info.time_base, _FINE)) if info.audio_start else info
