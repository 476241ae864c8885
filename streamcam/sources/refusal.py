"""Say in one line why a file cannot be read, with its codec and its container by name."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

_MOV = "mov"  # FFmpeg's name of MP4 and its kin, among others
_SAMPLE_DESCRIPTIONS = 1 << 18  # bytes of an MP4's index in which they are found, ahead of the tables
_ENCRYPTED = {b"encv": "Common Encryption", b"drmi": "FairPlay"}


def container_name(container: Any) -> str:
    """What people call a container (PyAV's)."""
    return str(container.format.long_name or container.format.name).partition(" (")[0]


def codec_name(container: Any, stream: Any) -> str:
    """What people call a track's codec; what the container says of it, such as ``XVIX``, where FFmpeg knows none."""
    if stream.codec_context is not None:
        return str(stream.codec_context.codec.canonical_name)
    name = _undecoded_name(container)
    return f"the codec {name}" if name else "an unknown codec"


def _undecoded_name(container: Any) -> str:
    """FFmpeg's name of a codec that it has no decoder for, or the container's where it knows none."""
    from streamcam.system.ffmpeg import av

    av.logging.set_level(av.logging.INFO)  # FFmpeg gives the description as a line of its log
    try:
        found = re.search(r"Video: (?!none|unknown)(\w+)|Video: (?:none|unknown) \((\S+) /", container.dumps_format())
    finally:
        av.logging.set_level(None)
    return (found[1] or found[2]) if found else ""


def not_decoded(path: Path, container: Any, stream: Any, reason: str = "") -> str:
    """The line for a track that neither reader decodes."""
    because = f": {reason}" if reason else ""
    return (
        f"{path}: neither OpenCV nor FFmpeg decodes its video, {codec_name(container, stream)} in "
        f"{container_name(container)}{because}; convert it to H.264, for example with the program that made it"
    )


def encryption(path: Path, container: Any) -> str:
    """How the video of an MP4 is encrypted, or nothing: its sample description says so."""
    if _MOV not in container.format.name.split(","):
        return ""
    index = _index(path)
    return next((name for tag, name in _ENCRYPTED.items() if tag in index), "")


def _index(path: Path) -> bytes:
    """The begin of an MP4's ``moov`` box."""
    with path.open("rb") as file:
        while len(head := file.read(8)) == 8:
            size, kind = struct.unpack(">I4s", head)
            if kind == b"moov":
                return file.read(min(size, _SAMPLE_DESCRIPTIONS))
            skip = size - 8
            if size == 1:
                skip = struct.unpack(">Q", file.read(8).rjust(8, b"\0"))[0] - 16
            if size == 0 or skip < 0:
                break
            file.seek(skip, 1)
    return b""


def unreadable(path: Path, error: Exception) -> str:
    """The line for what FFmpeg cannot open."""
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] == b"ftyp" and isinstance(error, ValueError):  # FFmpeg: invalid data
        return f"{path}: cut off before its index was written, so no frame can be read; copy or record it again"
    reason = getattr(error, "strerror", None) or str(error)
    return f"{path}: not a video or image that can be read ({reason})"
