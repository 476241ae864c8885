"""Decode a picture, whatever it is coded as, into upright BGR pixels.

Large photographs are JPEG and WebP, and OpenCV decodes those fastest. Pillow decodes all else: it knows what OpenCV drops,
that is transparency, orientation in AVIF, and which frames and pages there are.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from streamcam.errors import MissingDecoderError, SourceError, StreamcamWarning
from streamcam.sources.content import Format, open_header
from streamcam.sources.heif import prepare_heif
from streamcam.system.complaints import complaints
from streamcam.types import UInt8Array

if TYPE_CHECKING:
    from PIL import Image

WHITE = 255

# What libjpeg says where pixels are lost. It says more, of files in which nothing is.
_LOSS = re.compile(r"Premature end|premature end|bad Huffman|bad arithmetic|before marker 0xd[0-7]|instead of RST")

_ORIENTATION = 0x0112
# How to turn a picture upright, by EXIF's number of its orientation.
_UPRIGHT: dict[int, Callable[[UInt8Array], UInt8Array]] = {
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.transpose(1, 0, 2),
    6: lambda image: image.transpose(1, 0, 2)[:, ::-1],
    7: lambda image: image.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda image: image.transpose(1, 0, 2)[::-1],
}

# TIFF (TIFF 6.0 and its technical notes; DNG)
_SUBFILE_TYPE, _BITS, _PHOTOMETRIC, _DNG = 254, 258, 262, 50706
_REDUCED, _WHITE_IS_ZERO = 1, 0


def decode(path: Path, name: Format, page: int | None = None, background: int = WHITE) -> tuple[UInt8Array, int]:
    """A still picture, upright; of several in a file, one.

    Args:
        path: the file.
        name: its format.
        page: which picture of the file, 0 for the first; None for the main one.
        background: gray value, 0…255, that is seen through what is transparent.

    Returns:
        The picture, and how many the file holds.

    Raises:
        MissingDecoderError: the library for this format is not installed.
        SourceError: it is cut off or damaged, or holds values that are no colours.
    """
    if name == "JPEG":
        return _decode_jpeg(path), 1
    # One at a time, as ``complaints`` sees to: what is ignored is so for the whole process.
    with complaints(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a third party, about what is refused here by name, or harmless
        warnings.simplefilter("default", StreamcamWarning)  # of another thread
        try:
            with open_picture(path, name) as image:
                if name == "WEBP" and not image.has_transparency_data:
                    return _by_opencv(path), 1
                pages = _pages(image, path) if name in ("TIFF", "HEIF") else [0]
                image.seek(image.tell() if name == "HEIF" and page is None else pages[page or 0])
                image.load()
                return upright(to_bgr(image, path, background), orientation(image)), len(pages)
        except (SourceError, MissingDecoderError):
            raise
        except IndexError as error:
            raise SourceError(f"{path}: has no picture number {page}; they are counted from 0") from error
        except Exception as error:  # Pillow's plugins raise whatever their libraries do
            raise damaged(path, error) from error


def _decode_jpeg(path: Path) -> UInt8Array:
    """The whole JPEG. Of a damaged one OpenCV gives the rest in gray, and libjpeg only writes to stderr."""
    with complaints() as said:
        image = _by_opencv(path)
    if lost := next(filter(_LOSS.search, said), ""):
        raise SourceError(f"{path}: a part of the picture is missing or damaged ({lost}); copy it once more")
    return image


def _by_opencv(path: Path) -> UInt8Array:
    """An opaque picture, upright by its EXIF orientation."""
    try:
        image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)  # imread cannot open every path on Windows
    except cv2.error as error:
        raise damaged(path, error) from error
    if image is None:
        raise SourceError(f"{path}: the picture is cut off, damaged, or of a kind that OpenCV does not read")
    return image.astype(np.uint8, copy=False)


def open_picture(path: Path, name: Format) -> Image.Image:
    """Open a picture by its format, and read its header.

    Raises:
        MissingDecoderError: the library for this format is not installed.
        Exception: it is damaged.
    """
    if name == "HEIF":
        prepare_heif(path)
    return open_header(path, name)


def damaged(path: Path, error: Exception) -> SourceError:
    """The error to raise for a picture whose decoder gave up."""
    reason = " ".join(str(error).replace(str(path), "it").split())[:200]
    return SourceError(f"{path}: the picture is cut off, damaged, or of a kind that is not read ({reason})")


def orientation(image: Image.Image) -> int:
    """EXIF's number for how the picture lies, or what AVIF's ``irot`` and ``imir`` come to; 1 where it is upright.

    Pillow turns TIFF by itself, pillow-heif HEIF, and both say 1 then.
    """
    return int(image.getexif().get(_ORIENTATION) or 1)


def upright(image: UInt8Array, lies: int) -> UInt8Array:
    """Turn a picture upright by EXIF's number of its orientation."""
    turn = _UPRIGHT.get(lies)
    return np.ascontiguousarray(turn(image)) if turn else image


def to_bgr(image: Image.Image, path: Path, background: int = WHITE) -> UInt8Array:
    """The pixels of a loaded picture, over a plain background where they are transparent.

    Raises:
        SourceError: its values are no colours: nothing in the file says what is white.
    """
    image = _in_8_bits(image, path)
    if image.has_transparency_data:
        from PIL import Image

        plain = Image.new("RGBA", image.size, (background,) * 3)
        image = Image.alpha_composite(plain, image.convert("RGBA"))
    pixels = np.asarray(image if image.mode == "L" else image.convert("RGB"))
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR if pixels.ndim == 2 else cv2.COLOR_RGB2BGR), np.uint8)


def _in_8_bits(image: Image.Image, path: Path) -> Image.Image:
    """The same in 8 bits a channel: Pillow itself does so for all but gray."""
    from PIL import Image

    tags = getattr(image, "tag_v2", {})
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM"):
        values = np.asarray(image).astype(np.float32)
        bits = tags.get(_BITS, (16,))[0]
        pixels = np.rint(values * (255 / (2**bits - 1))).clip(0, 255).astype(np.uint8)
        if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
            pixels = 255 - pixels
        gray = Image.fromarray(pixels)
        if (key := image.info.get("transparency")) is not None:
            gray.putalpha(Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8)))
        return gray
    if image.mode in ("I", "F"):
        raise SourceError(
            f"{path}: has 32 bits a pixel, and nothing in it says which value is white; save it in 8 or 16"
        )
    if image.mode in ("LAB", "HSV"):
        raise SourceError(f"{path}: its colours are stored as {image.mode}, which is not read; save it as RGB")
    return image


def _pages(image: Any, path: Path) -> list[int]:
    """The numbers of the pictures in a file that are not smaller copies of others."""
    if image.format != "TIFF":
        return list(range(image.n_frames))
    if _DNG in image.tag_v2:
        raise SourceError(
            f"{path}: is a camera's raw photograph, which streamcam does not read; develop it to JPEG or TIFF"
        )
    pages = []
    for number in range(image.n_frames):
        image.seek(number)
        if not image.tag_v2.get(_SUBFILE_TYPE, 0) & _REDUCED:
            pages.append(number)
    if not pages:
        raise SourceError(f"{path}: holds nothing but a small copy of the picture; is it a camera's raw photograph?")
    return pages
