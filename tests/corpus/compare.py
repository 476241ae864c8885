"""Holds what streamcam has written against an independent decode of its input, and against what was drawn."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import film
import numpy as np
import numpy.typing as npt
from kind import Kind
from reference import RATE, Decoded, Track

IN_STEP = 0.005  # seconds
_MEAN, _BLOCK = 3.0, 24.0  # levels
_BLOCKS = 4  # a side
_LENGTH = 0.06  # seconds: a frame of AAC, and its priming
_BROKEN_LENGTH = 0.18  # where files break off, or are joined
_SILENT = ("gif", "webp")  # have no sound
_GIF = 0.01  # seconds of a tick of its clock
_ALIKE = 0.8
_START = 0.1  # seconds
# Containers that say which track of several is the default.
_KEEP_DEFAULT = ("mp4", "mov", "m4v", "mkv", "webm")


def differences(kind: Kind, source: Decoded | None, output: Decoded, *, loss_said: bool = False) -> list[str]:
    """What is wrong with an output, in plain words, none where it is right.

    Args:
        kind: of the input.
        source: the input, None where nothing decodes it independently.
        output: what was written.
        loss_said: whether streamcam says that something is missing.
    """
    wrong = _against_drawn(kind, output, loss_said)
    if source is not None:
        wrong += _against_source(kind, source, output)
        wrong += [] if kind.output in _SILENT else _sound(source, output, kind)
    return wrong


def _against_drawn(kind: Kind, output: Decoded, loss_said: bool) -> list[str]:
    width, height = kind.size
    shown = output.pictures[0].shape[1], output.pictures[0].shape[0]
    wrong = []
    if shown not in {(width, height), (width + width % 2, height + height % 2)}:
        return [f"the picture is {shown[0]}x{shown[1]}, not {width}x{height}"]
    pictures = [picture[:height, :width] for picture in output.pictures]
    if all(picture.max() < 32 for picture in pictures):
        return ["the picture is black"]
    numbers = [film.read_number(picture) for picture in pictures]
    if kind.held and kind.numbers:
        numbers = _as_seen(numbers, output.times, len(kind.numbers))
    if kind.numbers is not None and kind.result == "whole" and numbers != list(kind.numbers):
        wrong.append(f"frames {_short(numbers)} instead of {_short(kind.numbers)}")
    if kind.numbers is not None and kind.result == "with loss":
        if not loss_said and kind.tells:
            wrong.append("nothing is said to be lost")
        if not _in_order(numbers, kind.numbers):
            wrong.append(f"frames {_short(numbers)}, not in the order of {_short(kind.numbers)}")
    errors = [film.corner_error(picture, gray=kind.gray) for picture in pictures]
    if kind.result == "whole" and max(errors) > kind.corners and not kind.hdr:
        worst = int(np.argmax(errors))
        wrong.append(f"corners are off by {errors[worst]:.0f} levels in frame {worst}")
    return wrong


def _against_source(kind: Kind, source: Decoded, output: Decoded) -> list[str]:
    wrong = [f"begins at {output.start:.2f} s"] if abs(output.start) > _START else []
    if (kind.result == "whole" and len(source.pictures) != len(output.pictures)) or (
        kind.result == "with loss" and abs(len(source.pictures) - len(output.pictures)) > 1
    ):
        wrong.append(f"{len(output.pictures)} frames, ffmpeg finds {len(source.pictures)}")
    height, width = source.pictures[0].shape[:2]
    odd = (width + width % 2) / width / ((height + height % 2) / height)
    if abs(output.aspect / source.aspect / odd - 1) > 0.01:
        wrong.append(f"shown {output.aspect:.3f}:1 instead of {source.aspect:.3f}:1")
    if len(source.pictures) == len(output.pictures):
        late = _lateness(source, output)
        late -= np.median(late)
        if kind.joined:  # each recording by itself
            late[kind.joined :] -= np.median(late[kind.joined :])
            late[: kind.joined] -= np.median(late[: kind.joined])
        if np.abs(late).max() > IN_STEP + (_GIF if kind.output == "gif" else 0):
            worst = max(late, key=abs)
            wrong.append(f"a frame comes {abs(worst) * 1000:.0f} ms too {'late' if worst > 0 else 'early'}")
        if not kind.hdr and output.pictures[0].shape[0] >= height and output.pictures[0].shape[1] >= width:
            wrong += _colours(source, output, kind)
    return wrong


def _lateness(source: Decoded, output: Decoded) -> npt.NDArray[np.float64]:
    """Seconds by which each frame comes later than in the source."""
    if len(source.times) != len(output.times):
        return np.array([output.times[0] - source.times[0]])
    late = np.array(output.times) - np.array(source.times)
    return late[~np.isnan(late)] if not np.isnan(late).all() else np.zeros(1)


def _colours(source: Decoded, output: Decoded, kind: Kind) -> list[str]:
    height, width = source.pictures[0].shape[:2]
    pairs = [(a, b[:height, :width]) for a, b in zip(source.pictures, output.pictures, strict=True)]
    means = [float(np.abs(a.mean(axis=(0, 1)) - b.mean(axis=(0, 1))).max()) for a, b in pairs]
    blocks = [float(np.abs(_in_blocks(a) - _in_blocks(b)).max()) for a, b in pairs]
    wrong = []
    if max(means) > kind.mean:
        wrong.append(f"mean colour is off by {max(means):.1f} levels in frame {int(np.argmax(means))}")
    if max(blocks) > _BLOCK and not kind.concealed:
        wrong.append(f"a block is off by {max(blocks):.0f} levels in frame {int(np.argmax(blocks))}")
    return wrong


def _in_blocks(picture: film.Picture) -> npt.NDArray[np.float64]:
    rows = np.array_split(picture.astype(float), _BLOCKS, axis=0)
    return np.array([[part.mean(axis=(0, 1)) for part in np.array_split(row, _BLOCKS, axis=1)] for row in rows])


def _sound(source: Decoded, output: Decoded, kind: Kind) -> list[str]:
    if len(source.tracks) != len(output.tracks):
        return [f"{len(output.tracks)} tracks of sound instead of {len(source.tracks)}"]
    wrong = []
    late = _lateness(source, output)
    shift = float(np.median(late[: kind.joined or None]))
    for number, (before, after) in enumerate(zip(source.tracks, output.tracks, strict=True)):
        found = _same_track(before, after, shift, whole=kind.result == "whole" and not kind.joined)
        parts = [(before.samples, after.samples)]
        if kind.joined and len(late) > kind.joined:  # each recording by itself
            a, b = (round(decoded.times[kind.joined] * RATE) for decoded in (source, output))
            parts = [(before.samples[:a], after.samples[:b]), (before.samples[a:], after.samples[b:])]
            shift = 0.0
        for first, second in parts:
            found += _out_of_step(first, second, shift)
        if len(source.tracks) > 1 and _keeps_default(kind) and before.default != after.default:
            found.append("default lost" if before.default else "default where it was none")
        wrong += [f"sound {number + 1}: {what}" if len(source.tracks) > 1 else f"sound: {what}" for what in found]
    return wrong


def _keeps_default(kind: Kind) -> bool:
    return kind.container in _KEEP_DEFAULT and (kind.output or "mp4") in _KEEP_DEFAULT


def _same_track(before: Track, after: Track, shift: float, *, whole: bool) -> list[str]:
    wrong = []
    if before.language != after.language:
        wrong.append(f"language {after.language} instead of {before.language}")
    if before.title != after.title:
        wrong.append(f"title {after.title!r} instead of {before.title!r}")
    if before.channels != after.channels:
        wrong.append(f"{after.channels} channels instead of {before.channels}")
    copied = before.codec == after.codec and "pcm" not in before.codec
    if whole and copied and len(before.packets) != len(after.packets):
        wrong.append(f"{len(after.packets)} packets instead of {len(before.packets)}")
    longer = (len(after.samples) - len(before.samples)) / RATE - shift
    if abs(longer) > (_LENGTH if whole else _BROKEN_LENGTH):
        wrong.append(f"{len(after.samples) / RATE:.2f} s instead of {len(before.samples) / RATE:.2f} s")
    return wrong


def _out_of_step(before: npt.NDArray[np.float32], after: npt.NDArray[np.float32], shift: float) -> list[str]:
    offset, likeness = _offset(before, after)
    if likeness < _ALIKE:
        return [f"sounds different ({likeness:.2f})"]
    offset -= shift
    return [f"{abs(offset) * 1000:.0f} ms too {'late' if offset > 0 else 'early'}"] if abs(offset) > IN_STEP else []


def _offset(before: npt.NDArray[np.float32], after: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Seconds that the second is later than the first, and how alike they are then, 0…1."""
    if not len(before) or not len(after):
        return 0.0, 1.0 if len(before) == len(after) else 0.0
    size = 1 << (len(before) + len(after)).bit_length()
    product = np.fft.rfft(after, size) * np.conj(np.fft.rfft(before, size))
    alike = np.fft.irfft(product, size)
    at = int(np.argmax(alike))
    norm = float(np.linalg.norm(before) * np.linalg.norm(after)) or 1.0
    return (at if at < size // 2 else at - size) / RATE, float(alike[at]) / norm


def _as_seen(numbers: Sequence[int], times: Sequence[float], count: int, rate: float = 25) -> list[int]:
    """The numbers that are seen in the middle of each of ``count`` frames at a constant rate."""
    middles = (np.arange(count) + 0.5) / rate
    return [numbers[max(0, int(np.searchsorted(times, middle, "right")) - 1)] for middle in middles]


def _in_order(numbers: Sequence[int], drawn: Sequence[int]) -> bool:
    """Whether most numbers come in the order in which they were drawn: damage may hide some."""
    known = [number for number in numbers if number in drawn]
    steps = sum(a <= b for a, b in itertools.pairwise(known))
    return len(known) >= len(numbers) * 0.7 and steps >= (len(known) - 1) * 0.8


def _short(numbers: Sequence[int]) -> str:
    numbers = list(numbers)
    if numbers and numbers == list(range(numbers[0], numbers[0] + len(numbers))):
        return f"{numbers[0]}…{numbers[-1]}"
    return ",".join(map(str, numbers[:24])) + ("…" if len(numbers) > 24 else "") or "none"
