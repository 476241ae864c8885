"""Draw what a live window shows around the picture: facts, a notice, the keys, the mark of a recording."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from streamcam.drawing.text import (
    AMBER,
    GRAY,
    RED,
    WHITE,
    bar_height,
    bar_text_size,
    darken,
    fitted,
    text_size,
    text_width,
    write,
)
from streamcam.types import UInt8Array


@dataclass(frozen=True, slots=True)
class Status:
    """What to show besides the picture.

    Attributes:
        facts: short ones for the line at the bottom, from left to right.
        notice: one line for a few seconds, or an empty one.
        trouble: why there is no live picture, or an empty line; the picture is darkened under it.
        recording: seconds recorded so far, or None.
        keys: ``(keys, what they do)`` to list, or nothing.
    """

    facts: tuple[str, ...] = ()
    notice: str = ""
    trouble: str = ""
    recording: float | None = None
    keys: tuple[tuple[str, str], ...] = ()


def draw_status(image: UInt8Array, status: Status) -> None:
    """Draw it into an ``(H, W, 3)`` uint8 BGR picture, in place."""
    size = text_size(image)
    if status.trouble:
        darken(image)
        _centred(image, status.trouble, AMBER, round(size * 1.2))
    if status.keys:
        _list(image, status.keys, size)
    _bar(image, status, bar_text_size(image))


def _bar(image: UInt8Array, status: Status, size: int) -> None:
    height, width = image.shape[:2]
    tall = bar_height(image)
    bar = image[height - tall :]
    if not bar.size or not (status.facts or status.notice or status.recording is not None):
        return
    darken(bar)
    baseline, right = tall - round(size * 0.55), width - size
    if status.recording is not None:
        minutes, seconds = divmod(int(status.recording), 60)
        text = f"REC {minutes}:{seconds:02d}"
        right -= text_width(text, size)
        write(bar, text, right, baseline, WHITE, size)
        right -= size
        cv2.circle(
            bar, (right + size // 3, baseline - round(size * 0.36)), round(size * 0.36), RED, cv2.FILLED, cv2.LINE_AA
        )
        right -= size
    if status.notice:
        write(bar, fitted(status.notice, size, right - size), size, baseline, AMBER, size)
        return
    x = size
    for fact in status.facts:
        if x + text_width(fact, size) > right:
            return
        write(bar, fact, x, baseline, GRAY, size)
        x += text_width(fact, size) + round(size * 1.6)


def _centred(image: UInt8Array, text: str, colour: tuple[int, int, int], size: int) -> None:
    height, width = image.shape[:2]
    text = fitted(text, size, width - 2 * size)
    write(image, text, (width - text_width(text, size)) // 2, height // 2, colour, size)


def _list(image: UInt8Array, keys: tuple[tuple[str, str], ...], size: int) -> None:
    height, width = image.shape[:2]
    size = max(11, min(size, round((height - 4) / (1.6 * len(keys) + 3))))
    step = round(size * 1.6)
    column = max(text_width(key, size) for key, _ in keys) + 2 * size
    wide = min(width, column + max(text_width(what, size) for _, what in keys) + 2 * size)
    tall = min(height, step * len(keys) + size)
    top, left = (height - tall) // 2, (width - wide) // 2
    panel = np.ascontiguousarray(image[top : top + tall, left : left + wide])
    darken(panel)
    darken(panel)
    for number, (key, what) in enumerate(keys, start=1):
        write(panel, key, size, step * number, AMBER, size)
        write(panel, what, column, step * number, WHITE, size)
    image[top : top + tall, left : left + wide] = panel
