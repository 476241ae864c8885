"""Read when each frame of an animated picture is due, from the headers: nothing is decoded."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

from streamcam.sources.content import Format

# Browsers show a frame for this long that asks for less than they can do, or for nothing.
_SHORTEST, _USUAL = Fraction(10, 1000), Fraction(100, 1000)

_IMAGE, _EXTENSION, _TRAILER, _CONTROL = 0x2C, 0x21, 0x3B, b"\xf9\x04"  # blocks of a GIF


@dataclass(frozen=True, slots=True)
class Timeline:
    """When the frames of an animation are shown, once through.

    Attributes:
        durations: of the frames that are whole in the file, in seconds.
        missing: how many more it promises.
    """

    durations: tuple[Fraction, ...]
    missing: int = 0

    @property
    def starts(self) -> tuple[Fraction, ...]:
        """When each frame is due, in seconds from the first one."""
        return tuple(accumulate(self.durations[:-1], initial=Fraction(0)))

    @property
    def total(self) -> Fraction:
        """Seconds that all of them take."""
        return sum(self.durations, Fraction(0))

    @property
    def rate(self) -> Fraction:
        """Frames a second, on average."""
        return (len(self.durations) / self.total).limit_denominator(1001)


def timeline(path: Path, name: Format) -> Timeline:
    """Read the durations of all frames.

    Raises:
        ValueError: the file is damaged, or has no frame.
    """
    try:
        durations, promised = _READERS[name](path)
    except (struct.error, IndexError) as error:
        raise ValueError("its headers are cut off or damaged") from error
    if not durations:
        raise ValueError("no frame in it is whole")
    shown = tuple(duration if duration > _SHORTEST else _USUAL for duration in durations)
    return Timeline(shown, max(0, promised - len(shown)))


def _of_gif(path: Path) -> tuple[list[Fraction], int]:
    """By the GIF89a specification. It promises no number: what breaks off is a frame that is missing."""
    data = path.read_bytes()
    at = 13 + _palette_size(data[10])
    delay = None  # of the frame that follows
    durations: list[Fraction] = []
    while at < len(data) and data[at] != _TRAILER:
        first = data[at + 1 : at + 3]
        if data[at] == _IMAGE and at + 10 < len(data):
            end = _behind_blocks(data, at + 11 + _palette_size(data[at + 9]))
        elif data[at] == _EXTENSION:
            end = _behind_blocks(data, at + 2)
        else:
            end = None
        if end is None:
            return durations, len(durations) + 1
        if data[at] == _IMAGE:
            durations.append(Fraction(delay or 0, 100))
            delay = None
        elif first == _CONTROL:
            (delay,) = struct.unpack_from("<H", data, at + 4)
        at = end
    return durations, len(durations) + (delay is not None)


def _palette_size(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _behind_blocks(data: bytes, at: int) -> int | None:
    """Where a chain of sub-blocks ends, None if it breaks off."""
    while at < len(data):
        if not data[at]:
            return at + 1
        at += 1 + data[at]
    return None


def _of_webp(path: Path) -> tuple[list[Fraction], int]:
    """By the WebP container specification (RIFF). Its length tells whether it is whole."""
    data = path.read_bytes()
    at, durations, promised = 12, [], 0
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        if name == b"ANMF":
            promised += 1
            if at + 8 + size <= len(data):
                durations.append(Fraction(int.from_bytes(data[at + 20 : at + 23], "little"), 1000))
        at += 8 + size + size % 2
    return durations, max(promised, len(durations) + (len(data) < end))


def _of_png(path: Path) -> tuple[list[Fraction], int]:
    """By the PNG specification, third edition: a frame is what lies between two ``fcTL`` chunks, or the last and the end."""
    durations: list[Fraction] = []
    promised, pending = 0, None
    with path.open("rb") as file:
        file.seek(8)
        while len(header := file.read(8)) == 8:
            size, name = struct.unpack(">I4s", header)
            if name == b"acTL":
                promised = struct.unpack(">I", file.read(4))[0]
                file.seek(size, 1)
                continue
            if name in (b"fcTL", b"IEND") and pending is not None:
                durations.append(pending)
                pending = None
            if name == b"fcTL":
                chunk = file.read(size)
                if len(chunk) < size:
                    break
                amount, parts = struct.unpack_from(">HH", chunk, 20)
                pending = Fraction(amount, parts or 100)
                size = 0
            file.seek(size + 4, 1)
    return durations, promised


def _of_avif(path: Path) -> tuple[list[Fraction], int]:
    """The longest track of pictures, as FFmpeg reads it: the file's cover, and transparency, are tracks of their own."""
    from streamcam.system.ffmpeg import open_container

    with open_container(path) as container:
        stream = max(container.streams.video, key=lambda stream: stream.frames)
        packets = [packet for packet in container.demux(stream) if packet.size]
        base = stream.time_base or Fraction(1, 1000)
        return [Fraction(packet.duration or 0) * base for packet in packets], stream.frames


_READERS: dict[Format, Callable[[Path], tuple[list[Fraction], int]]] = {
    "GIF": _of_gif,
    "WEBP": _of_webp,
    "PNG": _of_png,
    "AVIF": _of_avif,
}
