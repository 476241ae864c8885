"""Read an animated picture (GIF, WebP, APNG, AVIF) as the video that it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from streamcam.errors import SourceError
from streamcam.protocols import Closing
from streamcam.sources.content import Format, picture_format
from streamcam.sources.decoding import damaged, open_picture, orientation, to_bgr, upright
from streamcam.sources.images import check_readable
from streamcam.sources.timeline import timeline
from streamcam.types import Frame, UInt8Array, VideoInfo


class AnimationSource(Closing):
    """The frames of an animated picture, once through, each as it is seen: over the frames before it, and over white
    where it is transparent.

    ``Frame.duration`` says how long each is shown, as browsers do: frames that ask for 10 ms or less get 100. After the
    last frame, ``lost`` says how many frames the file promises that could not be read.

    Args:
        path: a GIF, WebP, PNG or AVIF file, whatever its name ends in.

    Raises:
        SourceError: the file is missing, empty, no animation, or damaged before its second frame.

    Example::

        with streamcam.AnimationSource("waving.gif") as source:
            print(sum(1 for frame in source), "pictures")
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        check_readable(self.path)
        name = picture_format(self.path)
        if name not in _READERS:
            raise SourceError(f"{self.path}: is no animated picture; use open_source, which tells what it is")
        self._format = name
        try:
            self._timeline = timeline(self.path, name)
            with open_picture(self.path, name) as image:
                width, height = image.size
                self._lies = orientation(image)
        except SourceError:
            raise
        except Exception as error:  # Pillow's plugins raise whatever their libraries do
            raise damaged(self.path, error) from error
        if self._lies > 4:
            width, height = height, width
        self.info = VideoInfo(
            width,
            height,
            frame_rate=self._timeline.rate,
            frame_count=len(self._timeline.durations) + self._timeline.missing,
            duration=float(self._timeline.total),
            time_base=Fraction(1, 90_000),
            uneven=len(set(self._timeline.durations)) > 1,
        )
        self.lost = 0

    def __iter__(self) -> Iterator[Frame]:
        times = self._timeline
        read = 0
        pictures = _READERS[self._format](self.path, self._format, len(times.durations))
        for picture, start, duration in zip(pictures, times.starts, times.durations, strict=False):
            if picture is not None:
                yield Frame(upright(picture, self._lies), read, float(start), duration=float(duration))
                read += 1
        if not read:
            raise SourceError(f"{self.path}: no frame of it can be decoded; the file is damaged")
        self.lost = len(times.durations) - read + times.missing


def _by_ffmpeg(path: Path, name: Format, count: int) -> Iterator[UInt8Array | None]:
    """Every frame of a GIF or an APNG, None for one that cannot be decoded."""
    from streamcam.system.ffmpeg import av, open_container

    with suppress(av.FFmpegError), open_container(path) as container:  # what is damaged ends it
        stream = container.streams.video[0]
        stream.thread_type = "SLICE"  # so that each packet gives its frame at once
        for packet in container.demux(stream):
            if not packet.size:
                continue
            try:
                frames = packet.decode()
            except av.FFmpegError:
                frames = []
            yield _over_white(frames[0]) if frames else None


def _over_white(frame: Any) -> UInt8Array:
    pixels = np.asarray(frame.to_ndarray(format="bgra"))
    colours, alpha = pixels[..., :3], pixels[..., 3:].astype(np.uint16)
    if alpha.min() == 255:
        return np.ascontiguousarray(colours)
    return ((colours * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _by_pillow(path: Path, name: Format, count: int) -> Iterator[UInt8Array | None]:
    """Every frame of a WebP or an AVIF, up to one that cannot be decoded."""
    with open_picture(path, name) as image:
        for number in range(count):
            try:
                image.seek(number)
                image.load()
            except Exception:  # Pillow's plugins raise whatever their libraries do
                return
            yield to_bgr(image, path)


# What composes each format's frames as its specification says: Pillow does not for every APNG, FFmpeg has no animated WebP
# and takes an AVIF's cover for the whole.
_READERS: dict[Format, Callable[[Path, Format, int], Iterator[UInt8Array | None]]] = {
    "GIF": _by_ffmpeg,
    "PNG": _by_ffmpeg,
    "WEBP": _by_pillow,
    "AVIF": _by_pillow,
}
