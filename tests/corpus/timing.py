"""Kinds of video files: rotation, rate, clocks, fields."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from containers import AAC, FFV1, H264, HEVC, MPEG2, PCM, VP9, video
from film import Picture
from kind import Kind

_TICK = 90_000


def _matrix(a: int, b: int, c: int, d: int) -> Callable[[Path], None]:
    """Sets the display matrix of an MP4's picture: x' = a x + c y, y' = b x + d y."""

    def patch(path: Path) -> None:
        data = bytearray(path.read_bytes())
        at = data.index(b"tkhd") + 4
        at += 40 if data[at] == 0 else 52
        struct.pack_into(">9i", data, at, a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
        path.write_bytes(data)

    return patch


def _turned(name: str, what: str, stored: Callable[[Picture], Picture], *matrix: int, **more: Any) -> Kind:
    clip = {"turn": stored, "after": _matrix(*matrix), **more}
    return video(name, "H.264", H264, group="Rotation and mirroring", special=f"{what}, display matrix", clip=clip)


def _rot(k: int) -> Callable[[Picture], Picture]:
    return lambda image: np.ascontiguousarray(np.rot90(image, k))


# np.rot90(image, 1) turns counterclockwise; the matrix turns clockwise what was stored so.
ROTATION = [
    _turned("rotate_90.mp4", "90° clockwise", _rot(1), 0, 1, -1, 0),
    _turned("rotate_180.mp4", "180°", _rot(2), -1, 0, 0, -1),
    _turned("rotate_270.mp4", "270° clockwise", _rot(3), 0, -1, 1, 0),
    _turned("rotate_90.mov", "90° clockwise, as phones film", _rot(1), 0, 1, -1, 0, audio=(AAC,)),
    _turned("mirror_h.mp4", "mirrored left to right", lambda i: np.ascontiguousarray(i[:, ::-1]), -1, 0, 0, 1),
    _turned("mirror_v.mp4", "mirrored top to bottom", lambda i: np.ascontiguousarray(i[::-1]), 1, 0, 0, -1),
    _turned("transpose.mp4", "90° and mirrored", lambda i: np.ascontiguousarray(i.transpose(1, 0, 2)), 0, 1, 1, 0),
    _turned(
        "transverse.mp4",
        "270° and mirrored",
        lambda i: np.ascontiguousarray(np.rot90(i, 2).transpose(1, 0, 2)),
        0,
        -1,
        -1,
        0,
    ),
]


def _at(*seconds: float) -> list[int]:
    return [round(second * _TICK) for second in seconds]


_UNEVEN = _at(0, 0.04, 0.1, 0.11, 0.2, 0.24, 0.4, 0.44, 0.46, 0.6, 0.64, 0.7)
_GAP = _at(*(k / 25 + (2.0 if k >= 6 else 0.0) for k in range(12)))
_RATES = {"group": "Rates and clocks"}

RATES = [
    video(
        "ntsc.mp4",
        "H.264",
        H264,
        **_RATES,
        special="30000/1001 fps",
        sound="AAC",
        clip={"rate": Fraction(30000, 1001), "audio": (AAC,)},
    ),
    video("film.mkv", "H.264", H264, **_RATES, special="24000/1001 fps", clip={"rate": Fraction(24000, 1001)}),
    video("sixty.ts", "H.264", H264, **_RATES, special="60000/1001 fps", clip={"rate": Fraction(60000, 1001)}),
    video("slow.mp4", "H.264", H264, **_RATES, special="1 fps", clip={"rate": 1, "numbers": range(6)}),
    video(
        "slow.avi",
        "MPEG-4",
        ("-c:v", "mpeg4", "-q:v", "2"),
        **_RATES,
        special="1 fps",
        clip={"rate": 1, "numbers": range(6)},
    ),
    video("fast.mp4", "H.264", H264, **_RATES, special="120 fps", clip={"rate": 120, "numbers": range(30)}),
    video("fast.mkv", "FFV1", FFV1, **_RATES, special="240 fps", clip={"rate": 240, "numbers": range(30)}),
    video(
        "uneven.mp4",
        "H.264",
        H264,
        **_RATES,
        special="variable rate",
        sound="AAC",
        clip={"times": _UNEVEN, "audio": (AAC,), "seconds": 0.74},
    ),
    video("uneven.mkv", "H.264", H264, **_RATES, special="variable rate", clip={"times": _UNEVEN}),
    video("uneven.webm", "VP9", VP9, **_RATES, special="variable rate", clip={"times": _UNEVEN}),
    video(
        "gap.mp4",
        "H.264",
        H264,
        **_RATES,
        special="two seconds without a frame",
        sound="AAC",
        clip={"times": _GAP, "audio": (AAC,), "seconds": 2.5},
    ),
    video("gap.mkv", "H.264", H264, **_RATES, special="two seconds without a frame", clip={"times": _GAP}),
    video("gap.ts", "H.264", H264, **_RATES, special="two seconds without a frame", clip={"times": _GAP}),
    video(
        "offset.ts",
        "H.264",
        H264,
        **_RATES,
        special="clock begins at one hour",
        sound="AAC",
        clip={"audio": (AAC,), "options": ("-output_ts_offset", "3600")},
    ),
    video(
        "offset.mkv",
        "H.264",
        H264,
        **_RATES,
        special="clock begins at 10 s",
        sound="AAC",
        clip={"audio": (AAC,), "options": ("-output_ts_offset", "10")},
    ),
    video(
        "offset.mp4",
        "H.264",
        H264,
        **_RATES,
        special="clock begins at 5 s",
        sound="AAC",
        clip={"audio": (AAC,), "options": ("-output_ts_offset", "5")},
    ),
    video(
        "picture_late.mp4",
        "H.264",
        H264,
        **_RATES,
        special="picture 0.3 s after the sound",
        sound="AAC",
        clip={"times": _at(*(0.3 + k / 25 for k in range(12))), "audio": (AAC,), "seconds": 0.8},
    ),
    video(
        "picture_late.mkv",
        "H.264",
        H264,
        **_RATES,
        special="picture 0.3 s after the sound",
        sound="PCM",
        clip={"times": _at(*(0.3 + k / 25 for k in range(12))), "audio": (PCM,), "seconds": 0.8},
    ),
    video(
        "picture_late.ts",
        "H.264",
        H264,
        **_RATES,
        special="picture 0.3 s after the sound",
        sound="AAC",
        clip={"times": _at(*(0.3 + k / 25 for k in range(12))), "audio": (AAC,), "seconds": 0.8},
    ),
    video(
        "b_frames.mp4",
        "H.264",
        (*H264, "-bf", "3", "-b_strategy", "0"),
        **_RATES,
        special="three B-frames in a row",
        clip={"numbers": range(24)},
    ),
    video(
        "open_gop.ts",
        "H.264",
        (*H264, "-g", "8", "-x264-params", "open-gop=1"),
        **_RATES,
        special="open GOPs",
        clip={"numbers": range(24)},
    ),
    video("one_frame.mp4", "H.264", H264, **_RATES, special="one frame", clip={"numbers": range(1)}),
    video("two_frames.webm", "VP9", VP9, **_RATES, special="two frames", clip={"numbers": range(2)}),
    video(
        "hevc_ntsc.mov",
        "HEVC",
        HEVC,
        **_RATES,
        special="30000/1001 fps, B-frames",
        clip={"rate": Fraction(30000, 1001), "numbers": range(20)},
    ),
    video(
        "edit_list.mp4",
        "H.264",
        H264,
        **_RATES,
        special="the first 0.2 s cut off by an edit list",
        numbers=tuple(range(5, 12)),
        clip={"after": lambda path: _cut_by_edit_list(path, 0.2)},
    ),
]


def _cut_by_edit_list(path: Path, seconds: float) -> None:
    """Hide the beginning as phones do: frames stay in the file, and the edit list says where to begin."""
    data = bytearray(path.read_bytes())
    at = data.index(b"elst") + 8
    (count,) = struct.unpack_from(">I", data, at)
    at += 4 + 12 * (count - 1)
    duration, start = struct.unpack_from(">Ii", data, at)
    scale = struct.unpack_from(">I", data, data.index(b"mvhd") + 16)[0]
    clock = struct.unpack_from(">I", data, data.index(b"mdhd") + 16)[0]
    struct.pack_into(">Ii", data, at, duration - round(seconds * scale), start + round(seconds * clock))
    path.write_bytes(data)


def _field(number: int) -> int:
    """What the picture of a field shows: half of the bits change within a frame, the others between frames, and each bit
    stays for two fields at least, since what flickers at that rate is taken for fine detail that stands still."""
    even, odd = number // 2 % 8, (3 * ((number + 1) // 2) + 1) % 8
    return sum((even >> bit & 1) << 2 * bit | (odd >> bit & 1) << 2 * bit + 1 for bit in range(3))


_DRAWN = tuple(map(_field, range(24)))
_FIELDS = _DRAWN[::2]


def _fields(name: str, codec: str, options: tuple[str, ...], order: str, **more: Any) -> Kind:
    upper = order == "tff"
    clip = {
        "numbers": _DRAWN,
        "rate": 50,
        "filters": (f"tinterlace={'interleave_top' if upper else 'interleave_bottom'}", f"setfield={order}"),
        **more.pop("clip", {}),
    }
    return video(
        name,
        codec,
        options,
        more.pop("format", "yuv420p"),
        group="Interlaced",
        special=f"{'upper' if upper else 'lower'} field first",
        clip=clip,
        numbers=more.pop("numbers", _FIELDS),
        interlaced=True,
        corners=24,
        **more,
    )


_MBAFF = (*H264, "-flags", "+ildct+ilme")

INTERLACED = [
    _fields("tff_h264.mp4", "H.264", (*_MBAFF, "-x264opts", "tff=1"), "tff"),
    _fields("bff_h264.mp4", "H.264", (*_MBAFF, "-x264opts", "bff=1"), "bff"),
    _fields(
        "tff_h264.ts",
        "H.264",
        (*_MBAFF, "-x264opts", "tff=1"),
        "tff",
        clip={"audio": (AAC,), "seconds": 0.48},
        sound="AAC",
    ),
    _fields("tff_h264.mkv", "H.264", (*_MBAFF, "-x264opts", "tff=1"), "tff"),
    _fields("tff_mpeg2.mpg", "MPEG-2", (*MPEG2, "-flags", "+ildct+ilme", "-top", "1"), "tff"),
    _fields("bff_mpeg2.ts", "MPEG-2", (*MPEG2, "-flags", "+ildct+ilme", "-top", "0"), "bff"),
    _fields("tff_ffv1.mkv", "FFV1", FFV1, "tff", format="yuv422p"),
    _fields(
        "bff_dv.avi",
        "DV",
        ("-c:v", "dvvideo"),
        "bff",
        clip={"size": (720, 576), "numbers": _DRAWN[:8], "audio": (PCM,), "seconds": 0.16},
        numbers=_FIELDS[:4],
        sound="PCM",
    ),
    _fields(
        "tff_prores.mov",
        "ProRes 422",
        ("-c:v", "prores_ks", "-flags", "+ildct", "-top", "1"),
        "tff",
        format="yuv422p10le",
    ),
    _fields(
        "ntsc_dv.dv",
        "DV",
        ("-c:v", "dvvideo"),
        "bff",
        format="yuv411p",
        clip={"size": (720, 480), "numbers": _DRAWN[:8], "rate": Fraction(60000, 1001)},
        numbers=_FIELDS[:4],
    ),
]
