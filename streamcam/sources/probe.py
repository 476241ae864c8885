"""Read a video file's headers exactly: OpenCV alone gives rounded rates, estimated counts, and nothing of audio."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from streamcam.errors import SourceError
from streamcam.sources.content import picture_format

_FASTEST = 1000  # frames a second; beyond this a container tells its clock, not its rate
_FALLBACK_RATE = Fraction(25)


@dataclass(frozen=True, slots=True)
class Probe:
    """The facts of a video file.

    Attributes:
        frame_rate: frames a second, exact.
        frame_count: as the container counts them, or None.
        duration: of the video track in seconds, or of the file where the track does not say, or None.
        time_base: seconds of one tick of the video track's clock.
        start: when the first frame is due, in seconds from the start of the file (audio may start before it).
        has_audio: whether there is an audio track.
        colour_tagged: whether the track says which colour matrix it uses, or needs none.
        pixel_aspect: width of a pixel over its height.
    """

    frame_rate: Fraction
    frame_count: int | None
    duration: float | None
    time_base: Fraction
    start: float
    has_audio: bool
    colour_tagged: bool
    pixel_aspect: Fraction


def probe(path: Path) -> Probe:
    """Read a video file's headers.

    Raises:
        SourceError: the file is not media, is cut off, or has no video.
    """
    from streamcam.system.ffmpeg import av, open_container

    if picture_format(path) == "HEIF":  # FFmpeg would give one of its tiles
        raise SourceError(f"{path}: is a photograph, not a video; open it with open_source, or give it to annotate")
    try:
        container = open_container(path)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise SourceError(_unreadable(path, error)) from error
    with container:
        pictures = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
        if not pictures:
            what = "has sound but no picture" if container.streams.audio else "has no video in it"
            raise SourceError(f"{path}: {what}; give a video or an image file")
        stream = pictures[0]
        if stream.codec_context is None:
            raise SourceError(f"{path}: its video codec is unknown here; convert it to H.264, for example")
        time_base = stream.time_base or Fraction(1, 90_000)
        file_start = (container.start_time or 0) / av.time_base
        start = float(stream.start_time * time_base) - file_start if stream.start_time is not None else 0.0
        return Probe(
            frame_rate=_frame_rate(stream),
            frame_count=stream.frames or None,
            duration=_duration(container, stream, time_base, av.time_base),
            time_base=time_base,
            start=max(0.0, start),
            has_audio=bool(container.streams.audio),
            colour_tagged=stream.codec_context.colorspace != 2 or _is_rgb(stream),  # 2: unspecified
            pixel_aspect=Fraction(stream.sample_aspect_ratio or 1),
        )


def last_packet_time(path: Path) -> float:
    """When the last packet of any track ends, in seconds from the start of the file. Reads the whole file."""
    from streamcam.system.ffmpeg import av, open_container

    last = 0.0
    with open_container(path) as container:
        file_start = (container.start_time or 0) / av.time_base
        try:
            for packet in container.demux():
                if packet.pts is not None and packet.time_base:
                    last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base) - file_start)
        except av.FFmpegError:
            pass  # where it breaks is what was asked
    return last


def _is_rgb(stream: Any) -> bool:
    return bool(stream.codec_context.format and stream.codec_context.format.is_rgb)


def _frame_rate(stream: Any) -> Fraction:
    for rate in (stream.guessed_rate, stream.average_rate, stream.base_rate):
        if rate and 0 < rate <= _FASTEST:
            return _snapped(Fraction(rate))
    return _FALLBACK_RATE


def _snapped(rate: Fraction) -> Fraction:
    """The NTSC or whole rate that containers with a coarse clock (Matroska: 1 ms) mean by ``19001/634``."""
    for exact in (Fraction(round(rate)), Fraction(1000 * round(rate * Fraction(1001, 1000)), 1001)):
        if exact and abs(rate - exact) / exact < Fraction(1, 20_000):
            return exact
    return rate


def _duration(container: Any, stream: Any, time_base: Fraction, ticks_a_second: int) -> float | None:
    if stream.duration:
        return float(stream.duration * time_base)
    if tag := stream.metadata.get("DURATION"):  # Matroska keeps a track's length as a tag, 00:00:10.010000000
        with contextlib.suppress(ValueError):
            hours, minutes, seconds = tag.split(":")
            return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    return container.duration / ticks_a_second if container.duration else None


def _unreadable(path: Path, error: Exception) -> str:
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] == b"ftyp" and isinstance(error, ValueError):  # FFmpeg: invalid data
        return f"{path}: cut off before its index was written, so no frame can be read; copy or record it again"
    reason = getattr(error, "strerror", None) or str(error)
    return f"{path}: not a video or image that can be read ({reason})"
