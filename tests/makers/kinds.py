"""Videos of many kinds, all of the same moving picture, so that any reader's frames can be compared with what went in."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from streamcam.system.ffmpeg import av, open_container
from streamcam.system.priority import usual_priority

SIZE = (160, 128)
RATE = 25
BT601, BT709, BT2020 = 5, 1, 9
LIMITED, FULL = 1, 2
_EXACT = 0x4 | 0x2000 | 0x40000  # bicubic, with whole chroma, rounded: else swscale darkens by two levels


@dataclass(frozen=True, slots=True)
class Kind:
    """How a video is kept.

    Attributes:
        ending: of the file; it chooses the container.
        codec: FFmpeg's name of the encoder.
        pixels: FFmpeg's name of the pixel format.
        matrix: of the colours, FFmpeg's number.
        full: whether the range is full.
        options: of the encoder.
        size: of the picture.
        turned: the display matrix ``(a, b, c, d)`` of an MP4.
    """

    ending: str
    codec: str = "libx264"
    pixels: str = "yuv420p"
    matrix: int = BT601
    full: bool = False
    options: dict[str, str] = field(default_factory=dict)
    size: tuple[int, int] = SIZE
    turned: tuple[int, int, int, int] | None = None


INTERLACED = {"flags": "+ildct+ilme"}
INTERLACED_H264 = {**INTERLACED, "x264-params": "tff=1:log-level=none"}


def scene(index: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A picture ``(H, W, 3)`` BGR: four plain colours, and a white block that tells the index by its place."""
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = (40, 60, 200)
    image[: height // 2, width // 2 :] = (190, 90, 50)
    image[height // 2 :, : width // 2] = (60, 180, 70)
    image[height // 2 :, width // 2 :] = (90, 150, 160)
    x = index * 8 % (width - 32)
    image[8:40, x : x + 32] = 255
    return image


def make(path: Path, kind: Kind, count: int = 20, *, first: int = 0, offset: float = 0.0) -> Path:
    """Write ``count`` pictures, from the scene's ``first`` on, beginning at ``offset`` seconds by the container's clock."""
    with usual_priority(), open_container(path, "w") as container:
        stream: Any = container.add_stream(kind.codec, rate=RATE, options=dict(kind.options))
        stream.width, stream.height = kind.size
        stream.pix_fmt = kind.pixels
        context = stream.codec_context
        context.colorspace, context.color_range = kind.matrix, FULL if kind.full else LIMITED
        if kind.turned:
            a, b, c, d = (value * 65536 for value in kind.turned)
            stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30])
        for index in range(count):
            picture = av.VideoFrame.from_ndarray(scene(first + index, kind.size), format="bgr24")
            frame = picture.reformat(
                format=kind.pixels,
                dst_colorspace=kind.matrix,
                dst_color_range=FULL if kind.full else LIMITED,
                interpolation=_EXACT,
            )
            frame.pts, frame.time_base = index + round(offset * RATE), Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def drop_chunks(path: Path, numbers: set[int], *, index: bool = True) -> Path:
    """Empty chunks of an AVI's picture, as a recorder leaves them that could not keep up; with or without an index."""
    data = path.read_bytes()
    begin = data.index(b"movi") + 4
    end = begin - 4 + struct.unpack("<I", data[begin - 8 : begin - 4])[0]
    chunks, entries, at, number, position = [], [], begin, 0, 4
    while at < end:
        tag, size = data[at : at + 4], struct.unpack("<I", data[at + 4 : at + 8])[0]
        body = data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
        if tag[2:] in (b"dc", b"db"):
            body = b"" if number in numbers else body
            number += 1
        entries.append(tag + struct.pack("<III", 16, position, len(body)))
        chunks.append(tag + struct.pack("<I", len(body)) + body + bytes(len(body) % 2))
        position += len(chunks[-1])
    movi = b"movi" + b"".join(chunks)
    riff = b"AVI " + data[12 : begin - 12] + b"LIST" + struct.pack("<I", len(movi)) + movi
    if index:
        riff += b"idx1" + struct.pack("<I", 16 * len(entries)) + b"".join(entries)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(riff)) + riff)
    return path
