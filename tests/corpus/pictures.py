"""Kinds of still and animated pictures."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import film
import numpy as np
from kind import Clip, Kind, ffmpeg
from PIL import Image

_SIZE = film.SIZE
_LARGE = (192, 128)
_UPRIGHT: dict[
    int, Callable[[film.Picture], film.Picture]
] = {  # EXIF orientation: from what is shown to what is stored
    1: lambda i: i,
    2: lambda i: i[:, ::-1],
    3: lambda i: i[::-1, ::-1],
    4: lambda i: i[::-1],
    5: lambda i: i.transpose(1, 0, 2),
    6: lambda i: np.rot90(i, 1),
    7: lambda i: np.rot90(i, 2).transpose(1, 0, 2),
    8: lambda i: np.rot90(i, 3),
}


def _still(name: str, codec: str, make: Callable[[Path], None], special: str = "", **more: Any) -> Kind:
    more = {"numbers": (5,), "reference": "pillow"} | more
    return Kind(name=name, group=more.pop("group", "Images"), picture=codec, special=special, make=make, **more)


def _image(orientation: int = 1) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(_UPRIGHT[orientation](film.draw(5))))


def _saved(mode: str = "RGB", orientation: int = 0, **options: Any) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        image = _image(orientation or 1).convert(mode)
        more = dict(options)
        if orientation:
            exif = Image.Exif()
            exif[0x0112] = orientation
            more["exif"] = exif.tobytes()
        image.save(path, **more)

    return make


def _by_ffmpeg(format: str, *options: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        flags = "scale=flags=accurate_rnd+full_chroma_int"
        source = ("-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", f"{_SIZE[0]}x{_SIZE[1]}", "-i", "-")
        ffmpeg(
            *source, "-vf", f"{flags},format={format}", "-frames:v", "1", *options, path, data=film.draw(5).tobytes()
        )

    return make


def _transparent(path: Path) -> None:
    """The lower middle is transparent, with loud colours below."""
    image = np.dstack([film.draw(5), np.full(_SIZE[::-1], 255, np.uint8)])
    part = hidden_part(image)
    part[..., :3] = np.random.default_rng(0).choice([0, 255], (*part.shape[:2], 3))
    part[..., 3] = 0
    Image.fromarray(image).save(path, **({"lossless": True, "exact": True} if path.suffix == ".webp" else {}))


def hidden_part(image: film.Picture) -> film.Picture:
    """Where a picture with transparency has nothing to show."""
    height, width = image.shape[:2]
    return image[height * 12 // 16 : height, width * 6 // 16 : width * 10 // 16]


def _pages(path: Path) -> None:
    pages = [Image.fromarray(film.draw(number)) for number in (5, 6, 7)]
    pages[0].save(path, save_all=True, append_images=pages[1:])


def _palette(path: Path) -> None:
    _image().convert("P", palette=Image.Palette.ADAPTIVE, colors=32).save(path)


def _gray16(path: Path) -> None:
    gray = np.array(_image().convert("L")).astype(np.uint16) * 257
    Image.fromarray(gray).save(path)


def _animated(frames: int = 12, duration: int | list[int] = 40, **options: Any) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        pictures = [Image.fromarray(film.draw(number)) for number in range(frames)]
        pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=duration, loop=0, **options)

    return make


def _with_rotated_png(path: Path) -> None:
    """A PNG whose eXIf chunk says how it is to be turned."""
    image = _image(6)
    image.save(path)
    data = path.read_bytes()
    exif = b"II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"
    chunk = struct.pack(">I", len(exif)) + b"eXIf" + exif + struct.pack(">I", zlib.crc32(b"eXIf" + exif))
    at = 8 + 25  # behind IHDR
    path.write_bytes(data[:at] + chunk + data[at:])


def _cut(make: Callable[[Path], None], share: float) -> Callable[[Path], None]:
    def made(path: Path) -> None:
        make(path)
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])

    return made


def _dithered(path: Path) -> None:
    """Saturated colours, dithered: neighbours differ by the whole range."""
    palette = Image.new("P", (1, 1))
    palette.putpalette(
        [level for colour in range(8) for level in (255 * (colour & 1), 255 * (colour >> 1 & 1), 255 * (colour >> 2))]
    )
    pictures = [Image.fromarray(film.draw(number)).quantize(palette=palette) for number in range(12)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=40, loop=0, optimize=False)


def _heic(orientation: int = 1, **options: Any) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        import pillow_heif

        pillow_heif.register_heif_opener()
        image = Image.fromarray(np.ascontiguousarray(_UPRIGHT[orientation](film.draw(5, _LARGE))))
        exif = Image.Exif()
        exif[0x0112] = orientation
        image.info["exif"] = exif.tobytes()
        image.save(path, quality=90, **options)

    return make


_DITHERED = Clip(
    video=("-c:v", "gif"),
    format="pal8",
    tagged=False,
    filters=("split[a][b];[a]palettegen=max_colors=16:reserve_transparent=0[p];[b][p]paletteuse=dither=bayer",),
)

IMAGES = [
    *(
        _still(f"exif_{n}.jpg", "JPEG", _saved(orientation=n, quality=95), "EXIF orientation 1 to 8")
        for n in range(1, 9)
    ),
    _still("plain.jpeg", "JPEG", _saved(quality=95)),
    _still("progressive.jpg", "JPEG", _saved(quality=95, progressive=True), "progressive"),
    _still("gray.jpg", "JPEG", _saved("L", quality=95), "gray", gray=True),
    _still("cmyk.jpg", "JPEG", _saved("CMYK", quality=95), "CMYK"),
    _still("rgb.png", "PNG", _saved()),
    _still("palette.png", "PNG", _palette, "palette"),
    _still("gray.png", "PNG", _saved("L"), "gray", gray=True),
    _still("gray16.png", "PNG", _gray16, "gray, 16 bit", gray=True, reference="ffmpeg"),
    _still("rgb16.png", "PNG", _by_ffmpeg("rgb48be"), "16 bit", reference="ffmpeg"),
    _still("alpha.png", "PNG", _transparent, "transparent", hidden=True, reference=None),
    _still("exif_6.png", "PNG", _with_rotated_png, "EXIF orientation 6"),
    _still("rgb.webp", "WebP", _saved(quality=95)),
    _still("lossless.webp", "WebP", _saved(lossless=True), "lossless"),
    _still("alpha.webp", "WebP", _transparent, "transparent", hidden=True, reference=None),
    _still("exif_6.webp", "WebP", _saved(orientation=6, quality=95), "EXIF orientation 6"),
    _still("rgb.bmp", "BMP", _saved()),
    _still("rgb.tif", "TIFF", _saved()),
    _still("lzw.tiff", "TIFF", _saved(compression="tiff_lzw"), "LZW"),
    _still("jpeg.tiff", "TIFF", _saved(compression="jpeg", quality=95), "JPEG inside"),
    _still("rgb16.tiff", "TIFF", _by_ffmpeg("rgb48le"), "16 bit", reference="ffmpeg"),
    _still("cmyk.tiff", "TIFF", _saved("CMYK"), "CMYK"),
    _still("exif_6.tiff", "TIFF", _saved(orientation=6), "orientation 6"),
    _still("pages.tiff", "TIFF", _pages, "three pages", pages=3),
    _still("rgb.avif", "AVIF", _saved(quality=90)),
    _still("turned.avif", "AVIF", _saved(orientation=6, quality=90), "turned (irot)"),
    _still("mirrored.avif", "AVIF", _saved(orientation=2, quality=90), "mirrored (imir)"),
    _still("rgb.jp2", "JPEG 2000", _saved(quality_mode="rates", quality_layers=[4])),
    _still("rgb.ppm", "PPM", _saved()),
    _still("gray.pgm", "PGM", _saved("L"), "gray", gray=True),
    _still("plain.heic", "HEIC", _heic(), size=_LARGE),
    _still("tiles.heic", "HEIC", _heic(tile_size=64), "a grid of tiles, as phones make them", size=_LARGE),
    _still("turned_tiles.heic", "HEIC", _heic(6, tile_size=64), "a grid of tiles, turned", size=_LARGE),
    _still("turned.heif", "HEIC", _heic(8), "turned", size=_LARGE),
    _still("mirrored.heic", "HEIC", _heic(2), "mirrored", size=_LARGE),
    _still(
        "cut.jpg", "JPEG", _cut(_saved(quality=95), 0.6), "cut off", result="refused", says=("cut.jpg",), reference=None
    ),
    _still("cut.png", "PNG", _cut(_saved(), 0.6), "cut off", result="refused", says=("cut.png",), reference=None),
    _still(
        "empty.png",
        "PNG",
        lambda path: path.write_bytes(b""),
        "empty",
        result="refused",
        says=("empty",),
        reference=None,
    ),
]

_MOVING: dict[str, Any] = {"group": "Animated pictures", "numbers": tuple(range(12)), "reference": "ffmpeg"}

ANIMATED = [
    _still("plain.gif", "GIF", _animated(), **_MOVING, corners=24),
    _still("dithered.gif", "GIF", _DITHERED, "dithered", **_MOVING, corners=48),
    _still("eight_colours.gif", "GIF", _dithered, "dithered in eight pure colours", **_MOVING, corners=48),
    _still(
        "uneven.gif",
        "GIF",
        _animated(duration=[40, 100, 200, 40, 40, 300, 40, 40, 100, 40, 40, 40]),
        "frames of different length",
        **_MOVING,
        corners=24,
    ),
    _still("one_frame.gif", "GIF", _animated(1), "one frame", **{**_MOVING, "numbers": (0,)}, corners=24),
    _still("moving.png", "APNG", _animated(), "with the ending of an image", **_MOVING),
    _still("moving.apng", "APNG", _animated(format="PNG"), **_MOVING),
    _still("moving.webp", "WebP", _animated(lossless=True), **{**_MOVING, "reference": "pillow"}),
    _still("moving.avif", "AVIF", _animated(quality=90), **{**_MOVING, "reference": "pillow"}),
]
