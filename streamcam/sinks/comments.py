"""Find a comment in a file's headers, whatever its format. Nothing is decoded, no library is loaded."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

_HEAD = 1 << 16  # bytes at the beginning in which the other containers have their tags
_LARGEST = 1 << 22  # bytes of a header that are read
_MP4_BEGINS = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")
_EBML, _SEGMENT, _TAGS, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1254C367, 0x1F43B675
_STREAMS = (b"FLV\x01", b"OggS", b"G")  # FLV, Ogg, transport stream


def has_comment(file: BinaryIO, text: bytes) -> bool:
    """Whether a text stands where a file's format has its tags or comments.

    Args:
        file: open, at its beginning; seekable.
        text: what to find.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not in order.
    """
    head = file.read(16)
    file.seek(0)
    try:
        return _find(file, head, text)
    except (struct.error, IndexError, UnicodeError, RecursionError) as error:
        raise ValueError("its headers are not in order") from error


def _find(file: BinaryIO, head: bytes, text: bytes) -> bool:
    if head[4:8] in _MP4_BEGINS:
        return any(text in tags for tags in _mp4_tags(file))
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return any(text in tags for tags in _matroska_tags(file))
    if head.startswith(b"RIFF"):
        if head[8:12] == b"WEBP":
            return any(name == b"XMP " and text in data for name, data in _webp_chunks(file))
        return text in file.read(_HEAD)
    if head.startswith((b"GIF87a", b"GIF89a")):
        return _gif_ends_with(file, text)
    if head.startswith(b"\xff\xd8\xff"):
        return any(text in data for data in _jpeg_comments(file))
    if head.startswith(b"\x89PNG"):
        return any(text in data for data in _png_texts(file))
    if head[:4] in (b"II*\0", b"MM\0*"):
        return text in _tiff_software(file)
    return head.startswith(_STREAMS) and text in file.read(_HEAD)


def _mp4_tags(
    file: BinaryIO, end: int | None = None, inside: tuple[bytes, ...] = (b"moov", b"udta")
) -> Iterator[bytes]:
    """What stands in ``moov/udta``: ISO/IEC 14496-12, 4.2."""
    while end is None or file.tell() < end:
        begin, header = file.tell(), file.read(8)
        if len(header) < 8:
            return
        size, name = struct.unpack(">I4s", header)
        if size == 1:
            [size] = struct.unpack(">Q", file.read(8))
        elif size == 0:
            return
        if size < file.tell() - begin:
            raise ValueError("a part of it is shorter than its own header")
        if name == inside[0]:
            if len(inside) == 1:
                yield file.read(min(begin + size - file.tell(), _LARGEST))
            else:
                yield from _mp4_tags(file, begin + size, inside[1:])
        file.seek(begin + size)


def _matroska_tags(file: BinaryIO) -> Iterator[bytes]:
    """The tags before the first cluster: RFC 8794, RFC 9559."""
    while (name := _ebml_number(file, marked=True)) is not None and name != _CLUSTER:
        size = _ebml_number(file, marked=False)
        if size is None:
            return
        if name == _TAGS:
            yield file.read(min(size, _LARGEST))
        elif name != _SEGMENT:
            file.seek(size, 1)


def _ebml_number(file: BinaryIO, *, marked: bool) -> int | None:
    """A number whose length its first byte tells; the name of an element keeps the mark of its length."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    length = 9 - first[0].bit_length()
    value = first[0] if marked else first[0] - (1 << (8 - length))
    for byte in file.read(length - 1):
        value = value << 8 | byte
    return value


def _webp_chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    file.seek(12)
    while len(header := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", header)
        after = file.tell() + size + size % 2
        yield name, file.read(size) if name == b"XMP " else b""
        file.seek(after)


def _gif_ends_with(file: BinaryIO, text: bytes) -> bool:
    """A comment before the trailer, where streamcam puts it: those elsewhere would be found only by reading all of it."""
    file.seek(0, 2)
    length = min(file.tell(), 512)
    file.seek(-length, 2)
    begin = file.read(length).rpartition(b"\x21\xfe")[2]
    return begin.endswith(b"\0;") and text in begin


def _jpeg_comments(file: BinaryIO) -> Iterator[bytes]:
    file.seek(2)
    while len(header := file.read(4)) == 4:
        mark, name, size = struct.unpack(">BBH", header)
        if mark != 0xFF or name == 0xDA or size < 2:  # the picture begins
            return
        data = file.read(size - 2)
        if name == 0xFE:
            yield data


def _png_texts(file: BinaryIO) -> Iterator[bytes]:
    file.seek(8)
    while len(header := file.read(8)) == 8:
        size, name = struct.unpack(">I4s", header)
        if name == b"IDAT":
            return
        data = file.read(size + 4) if name == b"tEXt" else b""
        if not data:
            file.seek(size + 4, 1)
        yield data


def _tiff_software(file: BinaryIO) -> bytes:
    order = "<" if file.read(2) == b"II" else ">"
    file.seek(4)
    file.seek(*struct.unpack(order + "I", file.read(4)))
    [count] = struct.unpack(order + "H", file.read(2))
    for _ in range(count):
        tag, _, length, offset = struct.unpack(order + "HHII", file.read(12))
        if tag == 305 and length > 4:
            file.seek(offset)
            return file.read(min(length, _HEAD))
    return b""
