"""Find the video and image files that people name by files, folders and globs."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path

from streamcam.errors import SourceError
from streamcam.sources.images import IMAGE_SUFFIXES

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".m2ts", ".mts", ".wmv", ".flv", ".3gp"}
    | {".ogv", ".gif", ".mjpeg"}
)
MARK = ".cam"  # what annotated files have in their names: clip.cam.mp4


def is_annotated(path: Path) -> bool:
    """Whether a name is one that streamcam gives to what it writes."""
    return MARK in path.suffixes[:-1]


def files_of(given: str | Path) -> list[Path]:
    """The media files that one argument stands for, in order of name.

    A file stands for itself, whatever its ending. A folder stands for the videos and images in it and below it, a glob
    (``*``, ``?``, ``[…]``, ``**``) for what it matches; both leave out hidden files and what streamcam has written.

    Raises:
        SourceError: there is no such file, or no media file in the folder or under the glob.
    """
    path = Path(given)
    if path.is_dir():
        found = _media(path.rglob("*"), path)
        if not found:
            raise SourceError(f"{path}: no video or image in this folder")
        return found
    if path.exists() or not glob.has_magic(str(given)):
        return [path]
    matches = [Path(match) for match in glob.glob(str(given), recursive=True)]  # noqa: PTH207 - ** and absolute patterns
    found = _media(matches, Path())
    if not found:
        raise SourceError(f"{given}: matches no video or image")
    return found


def _media(paths: Iterable[Path], folder: Path) -> list[Path]:
    def wanted(path: Path) -> bool:
        parts = path.relative_to(folder).parts if path.is_relative_to(folder) else path.parts
        hidden = any(part.startswith(".") and part not in (".", "..") for part in parts)
        known = path.suffix.lower() in IMAGE_SUFFIXES | VIDEO_SUFFIXES
        return known and not hidden and not is_annotated(path) and path.is_file()

    return sorted(path for path in paths if wanted(path))
