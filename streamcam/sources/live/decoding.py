"""Decode a picture from somebody who is not trusted: nothing that is too large, and nothing that was cut off.

Pillow reads it: the library that OpenCV reads a JPEG with prints a line of each damage.
"""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image, ImageOps

from streamcam.errors import SourceError
from streamcam.types import UInt8Array

_SMALLEST = 16  # pixels a side
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"IEND\xaeB`\x82"
_JPEG, _JPEG_END = b"\xff\xd8", b"\xff\xd9"


def decode(data: bytes, *, most_bytes: int, most_pixels: int, longest_side: int, png: bool = False) -> UInt8Array:
    """A JPEG, as ``(H, W, 3)`` uint8 BGR. What would decode to more than is allowed is refused before it is decoded.

    Args:
        data: the file.
        most_bytes: of the file.
        most_pixels: of the picture.
        longest_side: of the picture, in pixels.
        png: whether a PNG is taken, too.

    Raises:
        SourceError: it is none, too large, or damaged.
    """
    if len(data) > most_bytes:
        raise SourceError(f"picture: {len(data)} bytes are too many; at most {most_bytes}")
    is_png = png and data.startswith(_PNG)
    width, height, is_whole = _png_size(data) if is_png else _jpeg_size(data)
    if min(width, height) < _SMALLEST or max(width, height) > longest_side or width * height > most_pixels:
        raise SourceError(f"picture: {width}x{height} pixels; {_SMALLEST} to {longest_side} on each side are taken")
    if not is_whole:
        raise SourceError("picture: damaged, its end is missing")
    try:
        with Image.open(io.BytesIO(data), formats=("PNG" if is_png else "JPEG",)) as opened:
            image = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"), np.uint8)
    except (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError) as error:
        raise SourceError("picture: damaged") from error
    return np.ascontiguousarray(image[..., ::-1])


def is_picture(data: bytes) -> bool:
    """Whether data begins as a JPEG or PNG does."""
    return data.startswith((_JPEG, _PNG))


def _png_size(data: bytes) -> tuple[int, int, bool]:
    """Width, height, and whether the end is there."""
    if data[12:16] != b"IHDR" or len(data) < 33:
        raise SourceError("picture: damaged")
    width, height = struct.unpack(">II", data[16:24])
    return width, height, _PNG_END in data


def _jpeg_size(data: bytes) -> tuple[int, int, bool]:
    """Width and height by the frame header (ITU T.81, B.2.2), without decoding, and whether the end is there.

    Only segments with a length are passed over. Decoders skip more than that between segments, and whoever lets them could
    show a small header here and a large one there.
    """
    at = 2
    if data[:2] == _JPEG:
        while at + 9 <= len(data) and data[at] == 0xFF:
            marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
            if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
                height, width = struct.unpack(">HH", data[at + 5 : at + 9])
                return width, height, data.find(_JPEG_END, at) > 0
            if marker in (0x00, 0x01, 0xFF) or 0xD0 <= marker <= 0xDA or length < 2:
                break
            at += 2 + length
    raise SourceError("picture: no JPEG")
