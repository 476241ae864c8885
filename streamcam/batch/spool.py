"""Standard input as a file: readers of videos go back and forth in them, and what comes through a pipe comes once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO

from streamcam.errors import SourceError

STDIN = "-"
_MOST = 16 << 30  # bytes
_PIECE = 1 << 20

# How files begin, and how their names end then: the ending tells images from videos. Others are videos of any kind.
_ENDINGS = (
    (b"\x89PNG\r\n", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"BM", ".bmp"),
    (b"II*\0", ".tif"),
    (b"MM\0*", ".tif"),
    (b"GIF8", ".gif"),
    (b"\x1a\x45\xdf\xa3", ".mkv"),
    (b"P5", ".pgm"),
    (b"P6", ".ppm"),
    (b"YUV4MPEG2", ".y4m"),
)
_BY_BRAND = {b"avif": ".avif", b"heic": ".heic", b"heix": ".heic", b"mif1": ".heic", b"qt  ": ".mov"}


def ending_of(head: bytes) -> str:
    """How the name of a file ends that begins with these bytes."""
    if head[:4] == b"RIFF":
        return ".webp" if head[8:12] == b"WEBP" else ".avi"
    if head[4:8] == b"ftyp":
        return _BY_BRAND.get(head[8:12], ".mp4")
    return next((ending for begin, ending in _ENDINGS if head.startswith(begin)), ".mp4")


def spool(folder: Path, stream: BinaryIO | None = None, *, most: int = _MOST) -> Path:
    """Write standard input to a file.

    Args:
        folder: for the file.
        stream: what to read, standard input if None.
        most: bytes that it may have.

    Raises:
        SourceError: it is a terminal, empty, too long, or has no room.
    """
    if stream is None:
        if sys.stdin is None or sys.stdin.isatty():
            raise SourceError("-: standard input is no file or pipe; give a video or an image with < or |")
        stream = sys.stdin.buffer
    path, size = folder / "stdin", 0
    try:
        head = stream.read(_PIECE)
        if not head:
            raise SourceError("-: standard input is empty")
        path = path.with_suffix(ending_of(head))
        with path.open("wb") as file:
            while head:
                size += len(head)
                if size > most:
                    raise SourceError(
                        f"-: standard input is longer than {most / (1 << 30):.3g} GB, which is the most that is kept; "
                        "write it to a file, and give that"
                    )
                file.write(head)
                head = stream.read(_PIECE)
    except OSError as error:
        path.unlink(missing_ok=True)
        if isinstance(error, SourceError):
            raise
        raise SourceError(
            f"-: standard input cannot be kept in {folder} ({error.strerror or error}); write it to a file, and give that"
        ) from error
    return path
