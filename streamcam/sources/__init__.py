"""Where frames come from. Each source is an iterable of ``Frame`` and a context manager."""

from __future__ import annotations

from pathlib import Path

from streamcam.sources.images import IMAGE_SUFFIXES, ImageSource
from streamcam.sources.live.live import LiveSource
from streamcam.sources.video import VideoSource

__all__ = ["ImageSource", "LiveSource", "VideoSource", "open_source"]


def open_source(path: str | Path) -> ImageSource | VideoSource:
    """Open an image or a video file, by the ending of its name.

    Raises:
        SourceError: the file is missing, empty, or of another kind than its ending promises.
    """
    path = Path(path)
    return ImageSource(path) if path.suffix.lower() in IMAGE_SUFFIXES else VideoSource(path)
