"""Read an image file as a source of one frame."""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from streamcam.errors import SourceError, StreamcamWarning
from streamcam.protocols import Closing
from streamcam.sources.content import IMAGE_SUFFIXES, picture_format, refuse_unread_formats
from streamcam.sources.decoding import WHITE, decode
from streamcam.types import Frame, UInt8Array, VideoInfo

__all__ = ["IMAGE_SUFFIXES", "ImageSource", "check_readable", "read_image"]


def read_image(path: Path, *, page: int | None = None, background: int = WHITE) -> UInt8Array:
    """Read an image upright as ``(H, W, 3)`` uint8 BGR; gray, CMYK, 16 bits and alpha are converted.

    Args:
        path: the file; what it holds decides, not how its name ends.
        page: of a file with several, 0 for the first; None for the main one, with a warning about the others.
        background: gray value, 0…255, that is seen through what is transparent.

    Raises:
        MissingDecoderError: it needs a library that is not installed.
        SourceError: the file is missing, empty, cut off, damaged, or not an image.
    """
    check_readable(path)
    refuse_unread_formats(path)
    name = picture_format(path)
    if name is None:
        raise SourceError(f"{path}: not a readable image; it is damaged, or of a kind that streamcam does not read")
    image, pages = decode(path, name, page, background)
    if pages > 1 and page is None:
        warnings.warn(
            f"{path}: holds {pages} pictures, and only the main one is used; save the others as files of their own",
            StreamcamWarning,
            stacklevel=3,
        )
    return image


def check_readable(path: Path) -> None:
    """Raise ``SourceError`` for what is missing, empty, no ordinary file, or not to be read by this user."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:  # OpenCV's reader would take the whole process down
        raise SourceError(f"{os.fsencode(path)!r}: the name is not valid UTF-8; rename the file") from error
    try:
        kind = path.stat()
        if stat.S_ISDIR(kind.st_mode):
            raise SourceError(f"{path}: is a folder, not a file")
        if not stat.S_ISREG(kind.st_mode):
            raise SourceError(f"{path}: is a pipe or a device, not a file")
        if not kind.st_size:
            raise SourceError(f"{path}: the file is empty")
        with path.open("rb"):
            pass
    except SourceError:
        raise
    except FileNotFoundError as error:
        raise SourceError(f"{path}: no such file") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise SourceError(f"{path}: cannot be opened ({getattr(error, 'strerror', None) or error})") from error


class ImageSource(Closing):
    """A source of one frame at time 0.

    Args:
        path: the file; what it holds decides, not how its name ends.
        page: of a file with several pictures, 0 for the first; None for the main one, with a warning about the others.

    Raises:
        MissingDecoderError: it needs a library that is not installed.
        SourceError: the file is missing, empty, cut off, damaged, or not an image.

    Example::

        with streamcam.ImageSource("cat.heic") as source:
            [frame] = source
    """

    lost = 0

    def __init__(self, path: str | Path, *, page: int | None = None) -> None:
        self.path = Path(path)
        self._image = read_image(self.path, page=page)
        height, width = self._image.shape[:2]
        self.info = VideoInfo(width, height, Fraction(1), frame_count=1)

    def __iter__(self) -> Iterator[Frame]:
        yield Frame(self._image, 0, 0.0)
