"""PyAV, imported after OpenCV: in the other order a later ``cv2.imshow`` hangs for ever (OpenCV issue 29195).

This is the only module that imports PyAV, so the order cannot be broken by accident, and ``open_container`` the only place
that opens a container.

FFmpeg's own complaints name a decoder's address instead of a file, so neither of its two copies here writes any: PyAV's is
silent unless told otherwise, OpenCV's is told so before it is used. What they complain about is counted instead, as frames
that are lost.
"""

from __future__ import annotations

import codecs
import os
from pathlib import Path
from typing import IO, Any, Literal, overload

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET; read at the first capture

import cv2

assert cv2.__version__  # keeps an import sorter from joining the two imports

import av  # noqa: E402
from av.container import InputContainer, OutputContainer  # noqa: E402

__all__ = ["av", "open_container"]

_TOLERANT = "streamcam.tolerant"


def _tolerant(error: UnicodeError) -> tuple[str, int]:
    """What is not UTF-8 in a tag is read as Windows wrote it; what cannot be written becomes a question mark."""
    if isinstance(error, UnicodeDecodeError):
        return error.object[error.start : error.end].decode("cp1252", "replace"), error.end
    if isinstance(error, UnicodeEncodeError):
        return "?" * (error.end - error.start), error.end
    raise error


codecs.register_error(_TOLERANT, _tolerant)


@overload
def open_container(file: str | Path | IO[bytes], mode: Literal["r"] = "r", **options: Any) -> InputContainer: ...
@overload
def open_container(file: str | Path | IO[bytes], mode: Literal["w"], **options: Any) -> OutputContainer: ...


def open_container(file: str | Path | IO[bytes], mode: Literal["r", "w"] = "r", **options: Any) -> Any:
    """Open a media file, a stream's URL, or an open file, to read or to write it.

    Tags that are not UTF-8 are read. A path is made absolute, so that a name such as ``data:1.mp4`` is no protocol.

    Args:
        file: a path, a URL with ``://`` in it, or a binary file.
        mode: ``"r"`` or ``"w"``.
        options: passed on to ``av.open``.

    Raises:
        av.FFmpegError: it cannot be opened.
    """
    if isinstance(file, Path) or (isinstance(file, str) and "://" not in file):
        file = str(Path(file).absolute())
    return av.open(file, mode, metadata_errors=_TOLERANT, **options)
