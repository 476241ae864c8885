"""What is done to a file that was made well, so that it is broken, or odd in a way that readers trip over."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
from kind import Clip, ffmpeg


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


def joined(first: Clip, second: Clip) -> Callable[[Path], None]:
    """Makes two transport streams, one behind the other in one file."""

    def make(path: Path) -> None:
        parts = [path.with_name("first.ts"), path.with_name("second.ts")]
        for clip, part in zip((first, second), parts, strict=True):
            clip(part)
        path.write_bytes(b"".join(part.read_bytes() for part in parts))
        for part in parts:
            part.unlink()

    return make


def with_cover(path: Path) -> None:
    """Adds a cover picture to an MP4, as its first track."""
    cover, plain = path.with_name("cover.jpg"), path.with_name("plain.mp4")
    path.rename(plain)
    ffmpeg("-f", "lavfi", "-i", "color=red:s=32x32", "-frames:v", "1", cover)
    ffmpeg("-i", cover, "-i", plain, "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0", "attached_pic", path)
    cover.unlink()
    plain.unlink()


def with_subtitles(path: Path) -> None:
    """Adds subtitles and an attached file to a Matroska file."""
    text, plain = path.with_suffix(".srt"), path.with_name("plain.mkv")
    path.rename(plain)
    text.write_text("1\n00:00:00,000 --> 00:00:00,400\nhello\n")
    attach = ("-attach", text, "-metadata:s:t", "mimetype=text/plain")
    ffmpeg("-i", plain, "-i", text, "-map", "0", "-map", "1", "-c", "copy", *attach, path)
    text.unlink()
    plain.unlink()


def two_pictures(path: Path) -> None:
    """Adds a second track of pictures to a Matroska file."""
    plain = path.with_name("plain.mkv")
    path.rename(plain)
    other = ("-f", "lavfi", "-i", "color=red:s=160x120:r=25:d=0.48")
    ffmpeg("-i", plain, *other, "-map", "0:v", "-map", "1:v", "-c:v:0", "copy", "-c:v:1", "libx264", path)
    plain.unlink()
