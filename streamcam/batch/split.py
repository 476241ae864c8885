"""Long videos are cut into parts at keyframes, to be explained in parallel and joined without a seam.

A part begins to read some frames before the first one that it writes, so that what is averaged over time, and which class
is named, are there what they would be after the whole video; and it reads some frames beyond its end. Whether they are is
checked (``edges``): at each border the two parts must name the same class in the same state, show the same heat and write
into the same corner. Where they do not, the later part is made once more with a longer run-in, in the end from the first
frame on. The packets of a part are copied into a file of its own, so that its pictures are decoded exactly as in the whole.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from streamcam.errors import SourceError
from streamcam.sources.probe import probe
from streamcam.sources.video import VideoSource
from streamcam.steady.heat import AHEAD
from streamcam.types import Frame, VideoInfo

FIRST_RUN_IN = 150  # frames
_LONGER = 4  # times, where that was too short
_MP4 = (".mp4", ".mov", ".m4v", ".3gp")


class SplitError(SourceError):
    """A video that cannot be cut without changing what is decoded."""


@dataclass(frozen=True, slots=True)
class FilePart:
    """The part of a video that one task is about, in numbers of frames.

    Attributes:
        first: frame that is written first.
        end: frame that is not written any more.
        run_in: frame with which reading begins, to be in the same state at ``first`` as after all frames before it.
        clip: a copy of the packets from ``run_in`` on, until some frames after ``end``.
        times: of the frames in the clip, in seconds from the start of the video.
    """

    first: int
    end: int
    run_in: int
    clip: Path
    times: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class FrameIndex:
    """The frames of a video by its packets, in the order in which they are shown.

    Attributes:
        path: of the video.
        times: of the frames, in seconds from the start of the video.
        keys: numbers of the frames with which decoding may begin.
    """

    path: Path
    times: tuple[float, ...]
    keys: tuple[int, ...]


def index_frames(path: Path) -> FrameIndex | None:
    """Read the packets of a video; None where it cannot be cut: times are missing, or groups of pictures overlap."""
    from streamcam.system.ffmpeg import av

    facts = probe(path)
    stamps: list[int] = []
    keys: list[int] = []
    try:
        with av.open(str(path.absolute())) as container:
            stream = container.streams.video[0]
            for packet in container.demux(stream):
                if packet.size == 0:
                    continue
                if packet.pts is None or packet.is_corrupt or (keys and packet.pts < keys[-1]):
                    return None
                if packet.is_keyframe:
                    if stamps and packet.pts < max(stamps):
                        return None
                    keys.append(packet.pts)
                stamps.append(packet.pts)
            time_base, start = stream.time_base, stream.start_time
    except av.FFmpegError:
        return None
    shown = sorted(stamps)
    if not keys or keys[0] != shown[0] or len(set(shown)) != len(shown) or start != shown[0] or time_base is None:
        return None
    if facts.frame_count is not None and facts.frame_count != len(shown):
        return None
    # By OpenCV's arithmetic, to the last digit: see ``VideoSource``.
    tick = time_base.numerator / time_base.denominator
    times = tuple((pts - start) * tick * 1000 / 1000 + facts.start for pts in shown)
    return FrameIndex(path, times, tuple(bisect.bisect_left(shown, key) for key in keys))


def borders(index: FrameIndex, seconds: float, step: int) -> list[int]:
    """Numbers of the frames at which parts of at least so many seconds begin, and of the frame after the last."""
    found = [0]
    for key in index.keys:
        far = index.times[key] - index.times[found[-1]] >= seconds
        if far and index.times[-1] - index.times[key] >= seconds / 2 and key % step == 0:
            found.append(key)
    return [*found, len(index.times)]


def cut(index: FrameIndex, first: int, end: int, run_in: int, step: int, folder: Path, *, reach: int = 0) -> FilePart:
    """Copy the packets of a part, with what it needs before and after, into a file of its own.

    Args:
        index: of the frames of the video.
        first: frame that is written first.
        end: frame that is not written any more.
        run_in: how many frames to read before the first, at least, as far as there are.
        step: the part begins to read at a multiple of this.
        folder: for the copy.
        reach: frames that a clip of a video classifier reaches over.

    Raises:
        SplitError: the packets cannot be copied.
    """
    from streamcam.system.ffmpeg import av

    starts = [
        key for key in index.keys if key <= max(0, first - (max(run_in, 2 * reach) if first else 0)) and key % step == 0
    ]
    begin = starts[-1] if starts else 0
    needed = end + 2 * AHEAD + reach  # the heat looks ahead, and so do the name and clips
    beyond = [key for key in index.keys if key >= needed]
    stop = beyond[0] if beyond else len(index.times)
    clip = folder / f"{first:08d}-{begin:08d}{index.path.suffix if index.path.suffix.lower() in _MP4 else '.mkv'}"
    try:
        with av.open(str(index.path.absolute())) as source, av.open(str(clip.absolute()), "w") as output:
            stream = source.streams.video[0]
            copy = output.add_stream_from_template(stream)
            for packet in _packets(source, stream, index, begin, stop):
                packet.stream = copy
                output.mux(packet)
    except (av.FFmpegError, ValueError) as error:
        raise SplitError(f"{index.path}: cannot be cut ({error})") from error
    return FilePart(first, end, begin, clip, index.times[begin : min(stop, needed)])


def _packets(source: Any, stream: Any, index: FrameIndex, begin: int, stop: int) -> Iterator[Any]:
    """The packets of the frames ``begin`` to ``stop``, with times from 0 on."""
    key, offset = -1, None  # key: number of the frame with which the group of pictures begins
    base = index.times[0]
    source.seek(round((index.times[begin] - base) / stream.time_base) + stream.start_time, stream=stream, backward=True)
    for packet in source.demux(stream):
        if packet.size == 0 or packet.pts is None:
            continue
        if packet.is_keyframe:
            seconds = float((packet.pts - stream.start_time) * stream.time_base)
            key = bisect.bisect_left(index.times, seconds + base - 1e-6)
        if key < begin:
            continue
        if key >= stop:
            return
        if offset is None:
            if key != begin:
                raise SplitError(f"{index.path}: cannot be cut (no way to find frame {begin})")
            offset = packet.dts if packet.dts is not None else packet.pts
        packet.pts -= offset
        if packet.dts is not None:
            packet.dts -= offset
        yield packet


class PartSource:
    """The frames of a part with the numbers and times that they have in the whole.

    Raises:
        SplitError: while iterating: the part does not have as many frames as it has packets.
    """

    lost = 0

    def __init__(self, path: Path, part: FilePart) -> None:
        self._part = part
        self._clip = VideoSource(part.clip)
        with VideoSource(path) as whole:
            self.info: VideoInfo = replace(whole.info, audio=None)
        if (self._clip.info.width, self._clip.info.height) != (self.info.width, self.info.height):
            raise SplitError(f"{path}: its parts are not upright")

    def __iter__(self) -> Iterator[Frame]:
        count, times = 0, self._part.times
        for frame in self._clip:
            if count == len(times):
                return
            yield Frame(frame.image, self._part.run_in + count, times[count])
            count += 1
        if count != len(times):
            raise SplitError(f"{self._part.clip.name}: {count} frames instead of {len(times)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clip.close()


def longer(part: FilePart) -> int:
    """The run-in of the next attempt, in frames."""
    return (part.first - part.run_in) * _LONGER


def ticks(index: FrameIndex, time_base: Fraction) -> list[int]:
    """When each frame is shown, as ``VideoSink`` counts."""
    found: list[int] = []
    for time in index.times:
        found.append(max(found[-1] + 1 if found else 0, round(time / time_base)))
    return found
