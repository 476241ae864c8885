"""Find out whether a HEIF file is whole, and load what reads it: libheif shows tiles that are missing in green, silently."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from streamcam.errors import MissingDecoderError, SourceError

_IN_FILE = 0  # how an item's place is given: as an offset in the file


def prepare_heif(path: Path) -> None:
    """Let Pillow read HEIF, and check the file's structure.

    Raises:
        MissingDecoderError: pillow-heif is not installed.
        SourceError: the file is cut off, or was never filled to its end.
    """
    try:
        import pillow_heif
    except ImportError as error:
        raise MissingDecoderError(
            f"{path}: HEIC and HEIF pictures need pillow-heif, which is not installed; "
            "install it with: pip install 'streamcam[heif]'"
        ) from error
    pillow_heif.register_heif_opener()
    data = path.read_bytes()
    try:
        whole = all(_is_there(data, start, end) for start, end in _items(data))
    except (struct.error, ValueError):
        whole = False
    if not whole:
        raise SourceError(f"{path}: a part of the picture is missing; copy it once more")


def _is_there(data: bytes, start: int, end: int) -> bool:
    """Whether an item lies within the file, and was written: each begins with a length, which is not 0."""
    head = data[start : min(start + 8, end)]
    return end <= len(data) and any(head)


def _items(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each piece of each picture, tile and note is (ISO 14496-12, ``iloc``)."""
    for name, start, end in _boxes(data, 0, len(data)):
        if name != b"meta":
            continue
        for inner, at, until in _boxes(data, start + 4, end):
            if inner == b"iloc":
                yield from _locations(data[at:until])


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The name of each box in a row, and where its content is."""
    while at < end:
        size, name = struct.unpack_from(">I4s", data, at)
        start = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start)
            start += 8
        size = size or end - at
        if size < start - at or at + size > end:
            raise ValueError(f"the box {name!r} breaks off")
        yield name, start, at + size
        at += size


def _locations(box: bytes) -> Iterator[tuple[int, int]]:
    version, at = box[0], 4
    sizes = [box[at] >> 4, box[at] & 15, box[at + 1] >> 4, box[at + 1] & 15 if version else 0]
    at += 2

    def number(size: int) -> int:
        nonlocal at
        at += size
        if at > len(box):
            raise ValueError("the list of items breaks off")
        return int.from_bytes(box[at - size : at], "big")

    for _ in range(number(4 if version == 2 else 2)):
        number(4 if version == 2 else 2)
        method = number(2) & 15 if version else _IN_FILE
        number(2)
        base = number(sizes[2])
        for _ in range(number(2)):
            number(sizes[3])
            offset, length = number(sizes[0]), number(sizes[1])
            if method == _IN_FILE and length:
                yield base + offset, base + offset + length
