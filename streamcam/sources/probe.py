"""Read a video file's headers exactly: OpenCV alone gives rounded rates, estimated counts, and nothing of audio."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from streamcam.errors import SourceError
from streamcam.sources.content import picture_format
from streamcam.sources.interlaced import may_become_interlaced
from streamcam.sources.refusal import codec_name, container_name, encryption, not_decoded, unreadable
from streamcam.system.clock import may_jump

_FASTEST = 1000  # frames a second; beyond this a container tells its clock, not its rate
_MOSTLY = 0.9
_PLACEHOLDER = 16  # bytes; a chunk of no more may stand for the picture before
_IN_FIELDS = frozenset({"h264", "hevc", "mpeg2video"})  # a chunk may be half a picture
_SLOWEST = 500  # bytes a second; a recording with less is one whose clock jumps
_FALLBACK_RATE = Fraction(25)


@dataclass(frozen=True, slots=True)
class Probe:
    """The facts of a video file.

    Attributes:
        frame_rate: frames a second, exact.
        frame_count: as the container counts them, without those that were dropped when it was recorded, or None.
        duration: of the video track in seconds, or of the file where the track does not say, or None.
        time_base: seconds of one tick of the video track's clock.
        start: when the first frame is due, in seconds from the start of the file (audio may start before it).
        has_audio: whether there is an audio track.
        colour_tagged: whether the track says which colour matrix it uses, or needs none.
        pixel_aspect: width of a pixel over its height.
        track: index of the video track.
        file_start: when the file starts, by its own clock, in seconds.
        may_jump: whether the container is of a kind whose clock may jump.
        places: for frames, in a container that has one at every step of its clock, with or without a frame; else None.
        kind: codec and container, as people call them.
        may_interlace: whether its pictures may become interlaced though the first are not.
    """

    frame_rate: Fraction
    frame_count: int | None
    duration: float | None
    time_base: Fraction
    start: float
    has_audio: bool
    colour_tagged: bool
    pixel_aspect: Fraction
    track: int = 0
    file_start: float = 0.0
    may_jump: bool = False
    places: int | None = None
    kind: str = ""
    may_interlace: bool = False


def probe(path: Path) -> Probe:
    """Read a video file's headers.

    Raises:
        SourceError: the file is not media, is cut off, has no video, or one that nothing here decodes.
    """
    from streamcam.system.ffmpeg import av, open_container

    if picture_format(path) == "HEIF":  # FFmpeg would give one of its tiles
        raise SourceError(f"{path}: is a photograph, not a video; open it with open_source, or give it to annotate")
    try:
        container = open_container(path)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise SourceError(unreadable(path, error)) from error
    with container:
        stream = _picture(path, container)
        time_base = stream.time_base or Fraction(1, 90_000)
        file_start = (container.start_time or 0) / av.time_base
        count, places = _counts(container, stream)
        start = float(stream.start_time * time_base) - file_start if stream.start_time is not None else 0.0
        return Probe(
            frame_rate=_frame_rate(stream),
            frame_count=count,
            places=places,
            duration=_duration(container, stream, time_base, av.time_base),
            time_base=time_base,
            start=max(0.0, start),
            has_audio=bool(container.streams.audio),
            colour_tagged=stream.codec_context.colorspace != 2 or _is_rgb(stream),  # 2: unspecified
            pixel_aspect=Fraction(stream.sample_aspect_ratio or 1),
            track=stream.index,
            file_start=file_start,
            may_jump=may_jump(container),
            kind=f"{codec_name(container, stream)} in {container_name(container)}",
            may_interlace=may_become_interlaced(container, stream),
        )


def _picture(path: Path, container: Any) -> Any:
    """The track to read: the first that is no cover picture."""
    from streamcam.system.ffmpeg import av

    pictures = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if not pictures:
        what = "has sound but no picture" if container.streams.audio else "has no video in it"
        raise SourceError(f"{path}: {what}; give a video or an image file")
    if how := encryption(path, container):
        raise SourceError(
            f"{path}: its video is encrypted ({how}), so that only the player it was sold for can show it"
        )
    if pictures[0].codec_context is None:
        raise SourceError(not_decoded(path, container, pictures[0]))
    return pictures[0]


def end_of_packets(path: Path) -> tuple[float, bool]:
    """When the last packet of any track ends, in seconds from the start of the file, and whether FFmpeg finds packets broken.

    Reads the whole file, without decoding.
    """
    from streamcam.system.ffmpeg import av, open_container

    last, broken = 0.0, False
    repeated = av.logging.get_skip_repeated()
    av.logging.set_level(av.logging.ERROR)  # a container's damage is told by the log only
    av.logging.set_skip_repeated(False)
    try:
        with av.logging.Capture() as complaints, open_container(path) as container:
            file_start = (container.start_time or 0) / av.time_base
            try:
                for packet in container.demux():
                    broken = broken or packet.is_corrupt
                    if packet.pts is not None and packet.time_base:
                        last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base) - file_start)
            except av.FFmpegError:
                broken = True  # where it breaks is what was asked
            return last, broken or bool(complaints)
    finally:
        av.logging.set_skip_repeated(repeated)
        av.logging.set_level(None)


def chunks(path: Path, track: int) -> tuple[int, int]:
    """The last place of an AVI that has a chunk, and how many chunks must be a picture each.

    Reads the whole file, without decoding.
    """
    from streamcam.system.ffmpeg import av, open_container

    last, count = -1, 0
    with open_container(path) as container:
        stream: Any = container.streams[track]
        fields = stream.codec_context.name in _IN_FIELDS
        with contextlib.suppress(av.FFmpegError):  # where it breaks is what was asked
            for packet in container.demux(stream):
                if packet.size and packet.dts is not None:
                    last = max(last, packet.dts)
                    count += packet.size > _PLACEHOLDER and not fields
    return last, count


def _is_rgb(stream: Any) -> bool:
    return bool(stream.codec_context.format and stream.codec_context.format.is_rgb)


def _counts(container: Any, stream: Any) -> tuple[int | None, int | None]:
    """Frames as the container counts them, and places for frames, where it has an even clock.

    An AVI's header counts the places, those of frames that were dropped, too; its index has only frames.
    """
    places = stream.frames or None
    if container.format.name != "avi" or places is None:
        return places, None
    index = [entry.timestamp for entry in stream.index_entries if entry.size]
    if index and index[-1] + 1 >= _MOSTLY * places:  # else the index was not written
        return len(index), index[-1] + 1
    return places, places


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
    own = float(stream.duration * time_base) if stream.duration else None
    whole = float(container.duration / ticks_a_second) if container.duration else None
    start = float((stream.start_time or 0) * time_base)
    if may_jump(container):  # where it has, the ends of a clock tell nothing
        length = own or whole
        return None if length is None or length > container.size / _SLOWEST else length
    if own:
        return own
    if tag := stream.metadata.get("DURATION"):  # Matroska keeps a track's length as a tag, 00:00:10.010000000
        with contextlib.suppress(ValueError):
            hours, minutes, seconds = tag.split(":")
            tagged = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
            to_its_end = whole is not None and tagged + start > whole + 1  # some writers count from zero
            return max(0.0, tagged - start) if to_its_end and start > 1 else tagged
    if whole and start > 1 and "matroska" in container.format.name:
        return max(0.0, whole - start)
    return whole
