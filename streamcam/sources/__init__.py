"""Where frames come from. Each source is an iterable of ``Frame`` and a context manager."""

from __future__ import annotations

from pathlib import Path

from streamcam.sources.animation import AnimationSource
from streamcam.sources.content import kind_of, refuse_unread_formats
from streamcam.sources.images import ImageSource, check_readable
from streamcam.sources.live.live import LiveSource
from streamcam.sources.stretch import Stretch
from streamcam.sources.video import VideoSource

__all__ = ["AnimationSource", "ImageSource", "LiveSource", "VideoSource", "open_source"]


def open_source(
    path: str | Path, *, start: float = 0.0, end: float | None = None
) -> ImageSource | AnimationSource | Stretch | VideoSource:
    """Open an image, an animated picture or a video file, by what it holds, however its name ends.

    Args:
        path: the file.
        start: of a video or an animation, in seconds: what comes before is left out.
        end: of a video or an animation, in seconds: what comes after is left out.

    Raises:
        MissingDecoderError: it needs a library that is not installed.
        SourceError: the file is missing, empty, or nothing that can be read.

    Example::

        with streamcam.open_source("whatever.webp") as source:
            print(source.info)
    """
    path = Path(path)
    check_readable(path)
    refuse_unread_formats(path)
    kind = kind_of(path)
    if kind == "image":
        return ImageSource(path)
    if kind == "animation":
        whole = AnimationSource(path)
        return whole if not start and end is None else Stretch(whole, start=start, end=end)
    return VideoSource(path, start=start, end=end)
