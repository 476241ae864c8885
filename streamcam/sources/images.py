"""Read an image file as a source of one frame."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from streamcam.errors import SourceError
from streamcam.protocols import Closing
from streamcam.types import Frame, UInt8Array, VideoInfo

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".jp2", ".ppm", ".pgm", ".avif"})


def read_image(path: Path) -> UInt8Array:
    """Read an image upright (EXIF orientation) as ``(H, W, 3)`` uint8 BGR; gray, 16-bit and alpha are converted.

    Raises:
        SourceError: the file is missing, empty, cut off, or not an image.
    """
    check_readable(path)
    try:
        # imread cannot open every Unicode path on Windows.
        image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    except (OSError, cv2.error) as error:
        raise SourceError(f"{path}: cannot be read as an image ({str(error).strip()})") from error
    if image is None:
        raise SourceError(f"{path}: not a readable image; it is cut off, damaged, or of a kind that OpenCV cannot read")
    return image.astype(np.uint8, copy=False)


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

    Raises:
        SourceError: the file is missing, empty, cut off, or not an image.
    """

    lost = 0

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._image = read_image(self.path)
        height, width = self._image.shape[:2]
        self.info = VideoInfo(width, height, Fraction(1), frame_count=1)

    def __iter__(self) -> Iterator[Frame]:
        yield Frame(self._image, 0, 0.0)
