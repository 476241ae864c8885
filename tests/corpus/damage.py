"""Kinds of files that are broken, or odd in a way that readers trip over."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from containers import AAC, H264, MJPEG, MPEG2, MPEG4, PCM, VP9, video
from kind import Clip, Kind, ffmpeg

_GROUP = "Damaged and odd files"
_LONG = {"numbers": range(30), "audio": (AAC,)}


def cut(share: float) -> Callable[[Path], None]:
    """Keeps the first part of a file."""

    def damage(path: Path) -> None:
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])

    return damage


def flip(count: int, seed: int, begin: float = 0.3, end: float = 0.8) -> Callable[[Path], None]:
    """Flips single bits in the middle of a file."""

    def damage(path: Path) -> None:
        data = bytearray(path.read_bytes())
        random = np.random.default_rng(seed)
        for at in random.integers(int(len(data) * begin), int(len(data) * end), count):
            data[at] ^= 1 << int(random.integers(8))
        path.write_bytes(data)

    return damage


def noise_in_sound(path: Path) -> None:
    """Overwrites the payload of some packets of sound in a transport stream (the second track's)."""
    data = bytearray(path.read_bytes())
    random = np.random.default_rng(3)
    packets = [at for at in range(0, len(data) - 187, 188) if (data[at + 1] & 0x1F) << 8 | data[at + 2] == 0x101]
    middle = packets[len(packets) // 3 : len(packets) // 2]
    for at in middle:
        data[at + 12 : at + 188] = random.bytes(176)
    path.write_bytes(data)


def _chunks(data: bytes, begin: int, end: int) -> list[tuple[int, bytes, int]]:
    """``(position, id, size)`` of the chunks of an AVI's list of frames."""
    found, at = [], begin
    while at + 8 <= end:
        name, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        found.append((at, name, size))
        at += 8 + size + size % 2
    return found


def drop_frames(*which: int) -> Callable[[Path], None]:
    """Empties the chunks of some frames of an AVI, as cameras do that were too slow."""

    def damage(path: Path) -> None:
        data = path.read_bytes()
        movi = data.index(b"movi")
        size = struct.unpack_from("<I", data, movi - 4)[0]
        begin, end = movi + 4, movi - 4 + 4 + size
        out, index, seen = bytearray(), bytearray(), 0
        for at, name, length in _chunks(data, begin, end):
            body = data[at + 8 : at + 8 + length + length % 2]
            if name == b"00dc":
                if seen in which:
                    body, length = b"", 0
                seen += 1
            index += name + struct.pack("<III", 16, len(out) + 4, length)
            out += name + struct.pack("<I", length) + body
        head = bytearray(data[:begin])
        struct.pack_into("<I", head, movi - 4, len(out) + 4)
        whole = bytes(head) + bytes(out) + b"idx1" + struct.pack("<I", len(index)) + bytes(index)
        whole = b"RIFF" + struct.pack("<I", len(whole) - 8) + whole[8:]
        path.write_bytes(whole)

    return damage


def without_index(path: Path) -> None:
    """Takes an AVI's index away, as a recording has none that was cut off."""
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"idx1")])


def latin1(path: Path) -> None:
    """Makes the title of a file one that is not UTF-8."""
    data = path.read_bytes()
    path.write_bytes(data.replace(b"CAFEXTITLE", b"CAF\xc9 \xe0 \xfc\xdf!"))


def unknown_codec(path: Path) -> None:
    """Gives the picture of an MP4 a codec's name that nobody has heard of."""
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))


def joined(path: Path) -> None:
    """Two transport streams one behind the other: the clock goes back."""
    first, second = path.with_name("first.ts"), path.with_name("second.ts")
    Clip(audio=(AAC,), options=("-output_ts_offset", "3600"))(first)
    Clip(audio=(AAC,), numbers=range(12, 24))(second)
    path.write_bytes(first.read_bytes() + second.read_bytes())
    first.unlink()
    second.unlink()


def jumped(path: Path) -> None:
    """Two transport streams one behind the other: the clock jumps an hour ahead."""
    first, second = path.with_name("first.ts"), path.with_name("second.ts")
    Clip(audio=(AAC,))(first)
    Clip(audio=(AAC,), numbers=range(12, 24), options=("-output_ts_offset", "3600"))(second)
    path.write_bytes(first.read_bytes() + second.read_bytes())
    first.unlink()
    second.unlink()


def _sound_only(path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=duration=0.5", "-c:a", "aac", path)


def _odd(
    name: str,
    special: str,
    after: Callable[[Path], None] | None = None,
    options: Any = H264,
    codec: str = "H.264",
    clip: dict[str, Any] | None = None,
    **more: Any,
) -> Kind:
    sound = more.pop("sound", "")
    kind_format = more.pop("format", "yuv420p")
    made = {**(clip or {}), **({"after": after} if after else {})}
    return video(name, codec, options, kind_format, group=_GROUP, special=special, sound=sound, clip=made, **more)


def _file(name: str, special: str, make: Callable[[Path], None], **more: Any) -> Kind:
    return Kind(name=name, group=_GROUP, picture="", special=special, make=make, **more)


_ENCRYPTED = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb")
_ENCRYPTED = (*_ENCRYPTED, "-encryption_kid", "a7e61c373e219033c21091fa607bf3b8")
_TITLE = ("-metadata", "title=CAFEXTITLE")

DAMAGE = [
    _odd("cut.ts", "cut off at half", cut(0.5), clip=_LONG, sound="AAC", result="with loss", tells=False),
    _odd(
        "cut.mkv",
        "cut off at half",
        cut(0.5),
        clip={"numbers": range(48), "rate": 10, "audio": (AAC,)},
        sound="AAC",
        result="with loss",
    ),
    _odd(
        "cut.avi",
        "cut off at half",
        cut(0.5),
        clip={"numbers": range(30), "audio": (PCM,)},
        options=MJPEG,
        codec="Motion JPEG",
        format="yuvj420p",
        sound="PCM",
        result="with loss",
    ),
    _odd(
        "cut_fast_start.mp4",
        "cut off at half, index first",
        cut(0.5),
        clip={**_LONG, "options": ("-movflags", "faststart")},
        sound="AAC",
        result="with loss",
    ),
    _odd(
        "cut_no_index.mp4",
        "cut off before its index",
        cut(0.5),
        clip=_LONG,
        sound="AAC",
        result="refused",
        says=("cut off",),
        reference=None,
    ),
    _odd(
        "cut_fragmented.mp4",
        "in fragments, cut off in the last",
        cut(0.8),
        clip={"numbers": range(30), "options": ("-g", "5", "-movflags", "frag_keyframe+empty_moov")},
        result="with loss",
        tells=False,
    ),
    _odd(
        "flips.ts",
        "single bits flipped",
        flip(12, 1),
        options=MPEG2,
        codec="MPEG-2",
        clip={"numbers": range(30)},
        result="with loss",
        numbers=None,
    ),
    _odd(
        "flips.mkv", "single bits flipped", flip(12, 2), clip={"numbers": range(30)}, result="with loss", numbers=None
    ),
    _odd(
        "noise_in_sound.ts",
        "noise in packets of the sound",
        noise_in_sound,
        clip=_LONG,
        sound="AAC",
        result="with loss",
        numbers=tuple(range(30)),
    ),
    _odd(
        "dropped_frames.avi",
        "empty chunks for frames that were dropped",
        drop_frames(3, 7, 8),
        options=MJPEG,
        codec="Motion JPEG",
        format="yuvj420p",
        clip={"audio": (PCM,), "full": True},
        sound="PCM",
        numbers=(0, 1, 2, 2, 4, 5, 6, 6, 6, 9, 10, 11),
        held=True,
        reference=None,
    ),
    _odd(
        "dropped_frames_mpeg4.avi",
        "empty chunks for frames that were dropped",
        drop_frames(5),
        options=(*MPEG4, "-g", "1"),
        codec="MPEG-4",
        numbers=(0, 1, 2, 3, 4, 4, 6, 7, 8, 9, 10, 11),
        held=True,
        reference=None,
    ),
    _odd(
        "dropped_last.avi",
        "an empty chunk for the last frame",
        drop_frames(11),
        options=MJPEG,
        codec="Motion JPEG",
        format="yuvj420p",
        clip={"full": True},
        numbers=(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10),
        held=True,
        reference=None,
    ),
    _odd(
        "no_index.avi",
        "without an index",
        without_index,
        options=MPEG4,
        codec="MPEG-4",
        clip={"audio": (PCM,)},
        sound="PCM",
    ),
    _odd("latin1.avi", "a title that is not UTF-8", latin1, options=MPEG4, codec="MPEG-4", clip={"options": _TITLE}),
    _odd("latin1.mkv", "a title that is not UTF-8", latin1, clip={"options": _TITLE}),
    _odd("latin1.mp4", "a title that is not UTF-8", latin1, clip={"options": _TITLE}),
    _file(
        "clock_back.ts",
        "two recordings joined, the clock goes back an hour",
        joined,
        numbers=tuple(range(24)),
        joined=12,
        sound="AAC",
    ),
    _file(
        "clock_ahead.ts",
        "two recordings joined, the clock jumps an hour ahead",
        jumped,
        numbers=tuple(range(24)),
        joined=12,
        sound="AAC",
    ),
    _file(
        "sound_only.mp4",
        "sound, no picture",
        _sound_only,
        result="refused",
        says=("sound but no picture",),
        reference=None,
    ),
    _file("empty.mp4", "empty", lambda path: path.write_bytes(b""), result="refused", says=("empty",), reference=None),
    _file(
        "text.mp4",
        "a text with the wrong ending",
        lambda path: path.write_text("no video\n" * 99),
        result="refused",
        says=("not a video",),
        reference=None,
    ),
    _file(
        "zeros.mkv",
        "zeros",
        lambda path: path.write_bytes(bytes(9999)),
        result="refused",
        says=("not a video",),
        reference=None,
    ),
    _odd(
        "unknown_codec.mp4",
        "of a codec that nobody knows",
        unknown_codec,
        result="refused",
        says=("zzzz", "mp4"),
        reference=None,
    ),
    _odd(
        "encrypted.mp4",
        "encrypted, as shops sell films",
        clip={"options": _ENCRYPTED},
        result="refused",
        says=("encrypted",),
        reference=None,
    ),
    _odd("cover.mp4", "with a cover picture", lambda path: _with_cover(path), clip={"audio": (AAC,)}, sound="AAC"),
    _odd("subtitles.mkv", "with subtitles and an attachment", lambda path: _with_subtitles(path)),
    _odd("two_pictures.mkv", "two tracks of pictures: the first is taken", lambda path: _two_pictures(path)),
    _odd(
        "resolution.ts",
        "the size changes halfway",
        lambda path: _change_size(path),
        numbers=tuple(range(24)),
        reference=None,
    ),
    _odd("alpha.webm", "VP9, transparent", None, options=(*VP9, "-auto-alt-ref", "0"), codec="VP9", format="yuva420p"),
]


def _with_cover(path: Path) -> None:
    cover, plain = path.with_name("cover.jpg"), path.with_name("plain.mp4")
    path.rename(plain)
    ffmpeg("-f", "lavfi", "-i", "color=red:s=32x32", "-frames:v", "1", cover)
    ffmpeg("-i", cover, "-i", plain, "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0", "attached_pic", path)
    cover.unlink()
    plain.unlink()


def _with_subtitles(path: Path) -> None:
    text, plain = path.with_suffix(".srt"), path.with_name("plain.mkv")
    path.rename(plain)
    text.write_text("1\n00:00:00,000 --> 00:00:00,400\nhello\n")
    attach = ("-attach", text, "-metadata:s:t", "mimetype=text/plain")
    ffmpeg("-i", plain, "-i", text, "-map", "0", "-map", "1", "-c", "copy", *attach, path)
    text.unlink()
    plain.unlink()


def _two_pictures(path: Path) -> None:
    plain = path.with_name("plain.mkv")
    path.rename(plain)
    other = ("-f", "lavfi", "-i", "color=red:s=160x120:r=25:d=0.48")
    ffmpeg("-i", plain, *other, "-map", "0:v", "-map", "1:v", "-c:v:0", "copy", "-c:v:1", "libx264", path)
    plain.unlink()


def _change_size(path: Path) -> None:
    first, second = path.with_name("first.ts"), path.with_name("second.ts")
    path.rename(first)
    Clip(numbers=range(12, 24), size=(128, 96), options=("-output_ts_offset", "0.48"))(second)
    path.write_bytes(first.read_bytes() + second.read_bytes())
    first.unlink()
    second.unlink()
