"""Tell what a file holds by its first bytes: the ending of its name is only what somebody called it."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from streamcam.errors import SourceError

if TYPE_CHECKING:
    from PIL import Image

# An animation is a picture's format with several frames in it: a video for everybody but its format.
Kind: TypeAlias = Literal["image", "animation", "video"]

# The formats of pictures that are read, by Pillow's names for them.
Format: TypeAlias = Literal["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "PPM", "JPEG2000", "AVIF", "HEIF"]

# What pictures are called, still or moving.
IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".bmp", ".tif", ".tiff", ".jp2", ".j2k"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".avif", ".heic", ".heif", ".hif"}
)

_MOST_PIXELS = 1 << 30
_limiting = threading.Lock()  # whose limit is one of the whole process
_HEAD = 256  # bytes; enough for the brands of an ISO file
_MAGIC: tuple[tuple[bytes, Format], ...] = (
    (rb"\xff\xd8\xff", "JPEG"),
    (rb"\x89PNG\r\n\x1a\n", "PNG"),
    (rb"GIF8[79]a", "GIF"),
    (rb"RIFF....WEBP", "WEBP"),
    (rb"II[*+]\0|MM\0[*+]", "TIFF"),  # with +, more than 4 GB
    (rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", "BMP"),  # the length of a header that exists
    (rb"P[1-6]\s", "PPM"),
    (rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51", "JPEG2000"),
)
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
_NOT_READ = (
    (rb"\xff\x0a|\0\0\0\x0cJXL ", "a JPEG XL picture", "save it as PNG or JPEG"),
    (rb"8BPS", "a Photoshop document", "export it as PNG or JPEG"),
    (rb"\x76\x2f\x31\x01|#\?RADIANCE|#\?RGBE", "a picture in high dynamic range", "save it as PNG or JPEG"),
    (rb"%PDF-", "a PDF document", "export its pages as PNG or JPEG"),
    (
        rb"II\*\0....CR|IIU\0|IIR[OS]|MMOR|FUJIFILMCCD-RAW|....ftypcrx ",
        "a camera's raw photograph",
        "develop it to JPEG or TIFF",
    ),
)
_MAY_MOVE = ("PNG", "GIF", "WEBP", "AVIF")
_MJPEG_SUFFIXES = (".mjpeg", ".mjpg")


def picture_format(path: Path) -> Format | None:
    """The format of a picture, still or moving, or None for what is no picture.

    Raises:
        OSError: the file cannot be opened.
    """
    head = _head(path)
    for magic, name in _MAGIC:
        if re.match(magic, head, re.DOTALL):
            # A stream of JPEGs, as cameras record it, begins as one JPEG does.
            return None if name == "JPEG" and path.suffix.lower() in _MJPEG_SUFFIXES else name
    return _of_brands(head)


def refuse_unread_formats(path: Path) -> None:
    """Raise ``SourceError`` for a picture in a format that is known, and not read here."""
    head = _head(path)
    for magic, what, remedy in _NOT_READ:
        if re.match(magic, head, re.DOTALL):
            raise SourceError(f"{path}: is {what}, which streamcam does not read; {remedy}")


def kind_of(path: Path) -> Kind:
    """What a file is to be read as, by its content: a video is all that is no picture. Where there is none, by its name."""
    try:
        if not path.is_file() or not path.stat().st_size:  # opening a pipe would wait for somebody to write
            return "image" if path.suffix.lower() in IMAGE_SUFFIXES else "video"
        name = picture_format(path)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return "video"
    if name is None:
        return "video"
    return "animation" if name in _MAY_MOVE and _moves(path, name) else "image"


def open_header(path: Path, name: Format) -> Image.Image:
    """Open a picture of a known format with Pillow, which reads its header.

    Raises:
        SourceError: it has more pixels than OpenCV would take.
        Exception: it is damaged.
    """
    from PIL import Image

    # By itself Pillow warns of the photographs of a good camera, and refuses a panorama.
    with _limiting:
        usual, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, _MOST_PIXELS // 2
        try:
            return Image.open(path, formats=[name])
        except Image.DecompressionBombError as error:
            raise SourceError(f"{path}: has more than {_MOST_PIXELS:,} pixels; make it smaller") from error
        finally:
            Image.MAX_IMAGE_PIXELS = usual


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _of_brands(head: bytes) -> Format | None:
    if head[4:8] != b"ftyp":
        return None
    box = head[: min(int.from_bytes(head[:4], "big"), _HEAD)]
    brands = {box[8:12], *(box[at : at + 4] for at in range(16, len(box) - 3, 4))}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return "HEIF" if brands & _HEIF_BRANDS else None


def _moves(path: Path, name: Format) -> bool:
    try:
        with open_header(path, name) as image:
            return _frames(image) - bool(getattr(image, "default_image", False)) > 1
    except Exception:  # damaged: whoever reads it says so
        return False


def _frames(image: Image.Image) -> int:
    try:
        return getattr(image, "n_frames", 1)
    except Exception:  # damaged, but not in the first frame: there are others
        return 2
