"""The sink of an annotated video, by the ending of its name."""

from __future__ import annotations

from pathlib import Path

from streamcam.settings import Encoding
from streamcam.sinks.animation import ANIMATIONS, AnimationSink
from streamcam.sinks.partial import FileSink
from streamcam.sinks.video import VideoSink
from streamcam.types import VideoInfo


def open_video(
    path: str | Path, info: VideoInfo, *, encoding: Encoding | None = None, overwrite: bool = False
) -> FileSink:
    """A ``VideoSink``, or for ``.gif`` and ``.webp`` an ``AnimationSink``. See there for arguments and errors."""
    kind = AnimationSink if Path(path).suffix.lower() in ANIMATIONS else VideoSink
    return kind(path, info, encoding=encoding, overwrite=overwrite)


def can_be_joined(path: Path, encoding: Encoding) -> bool:
    """Whether such an output can be made in parts that are put behind each other."""
    return path.suffix.lower() not in ANIMATIONS and encoding.max_fps is None
