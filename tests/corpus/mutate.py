"""Damages files: the same seed gives the same damage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from containers import AAC, H264, HEVC, MPEG2, MPEG4, VP9
from kind import Clip

FRAMES = 24
CLIPS = {
    "mp4": Clip(video=H264, audio=(AAC,), numbers=range(FRAMES)),
    "mkv": Clip(video=HEVC, audio=(("-c", "libopus"),), numbers=range(FRAMES)),
    "ts": Clip(video=MPEG2, audio=(("-c", "mp2"),), numbers=range(FRAMES)),
    "avi": Clip(video=MPEG4, audio=(("-c", "libmp3lame"),), numbers=range(FRAMES)),
    "webm": Clip(video=VP9, audio=(("-c", "libvorbis"),), numbers=range(FRAMES)),
}


@dataclass(slots=True)
class Case:
    """A damaged file, and what came of it.

    Attributes:
        number: from 0.
        path: the file.
        damage: which.
        came: ``whole``, ``with loss``, ``refused``, ``crashed`` or ``hung``.
        wrong: what is not right, none where all is.
        seconds: that it took.
    """

    number: int
    path: Path
    damage: str
    came: str = ""
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


def truncated(data: bytearray, random: np.random.Generator) -> bytearray:
    """Cut off at a random place."""
    return data[: int(random.integers(1, len(data)))]


def flipped(data: bytearray, random: np.random.Generator) -> bytearray:
    """1 to 40 bits flipped anywhere."""
    for at in random.integers(0, len(data), int(random.integers(1, 41))):
        data[at] ^= 1 << int(random.integers(8))
    return data


def zeroed(data: bytearray, random: np.random.Generator) -> bytearray:
    """A block of up to 2000 bytes, all zero."""
    at, length = _block(data, random)
    data[at : at + length] = bytes(length)
    return data


def doubled(data: bytearray, random: np.random.Generator) -> bytearray:
    """A block of up to 2000 bytes, there twice."""
    at, length = _block(data, random)
    return data[: at + length] + data[at:]


def _block(data: bytearray, random: np.random.Generator) -> tuple[int, int]:
    length = min(int(random.integers(1, 2001)), len(data))
    return int(random.integers(0, len(data) - length + 1)), length


DAMAGES: tuple[Callable[[bytearray, np.random.Generator], bytearray], ...] = (truncated, flipped, zeroed, doubled)


def make(folder: Path, seed: int, numbers: Sequence[int]) -> Iterator[Case]:
    """Write the damaged files: the same seed gives the same damage."""
    for ending, clip in CLIPS.items():
        clip(folder / f"clip.{ending}")
    endings = list(CLIPS)
    for number in numbers:
        ending, damage = endings[number % len(endings)], DAMAGES[number // len(endings) % len(DAMAGES)]
        path = folder / f"{damage.__name__}{number}.{ending}"
        data = bytearray((folder / f"clip.{ending}").read_bytes())
        path.write_bytes(damage(data, np.random.default_rng([seed, number])))
        yield Case(number, path, damage.__name__)
