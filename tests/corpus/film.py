"""Draws pictures that tell their number and which way up they are, and reads both back from what was decoded.

Every picture is ``(H, W, 3)`` uint8 **RGB** here. Each corner has a colour of its own; six cells in the middle are the
number in binary, most significant first; the background gets lighter from picture to picture.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]

SIZE = (96, 64)
BITS = 6
# Far from the edges of the colour cube, so that no conversion clips them; each with a luma of its own, for gray.
CORNERS = (
    (196, 64, 72),
    (72, 168, 80),
    (64, 72, 176),
    (212, 200, 88),
)  # upper left, upper right, lower left, lower right
_DARK, _LIGHT = 40, 216
_GRAY = np.array([0.299, 0.587, 0.114])


def draw(number: int, size: tuple[int, int] = SIZE) -> Picture:
    """The picture of a number from 0 to 63."""
    width, height = size
    image = np.full((height, width, 3), 104, np.uint8)
    for at, colour in zip(_corners(size), CORNERS, strict=True):
        image[at] = colour
    for bit, at in enumerate(_cells(size)):
        image[at] = _LIGHT if number >> (BITS - 1 - bit) & 1 else _DARK
    return image


def read_number(image: Picture) -> int:
    """The number that a picture shows."""
    height, width = image.shape[:2]
    number = 0
    for at in _cells((width, height)):
        number = number << 1 | int(_inner(image[at]).mean() > (_DARK + _LIGHT) / 2)
    return number


def corner_error(image: Picture, *, gray: bool = False) -> float:
    """How far the corners are from their colours, in levels of the worst channel: large where it is not upright."""
    height, width = image.shape[:2]
    worst = 0.0
    for at, colour in zip(_corners((width, height)), CORNERS, strict=True):
        seen = _inner(image[at]).mean(axis=(0, 1))
        meant = np.full(3, _GRAY @ np.array(colour)) if gray else np.array(colour)
        worst = max(worst, float(np.abs(seen - meant).max()))
    return worst


def _corners(size: tuple[int, int]) -> list[tuple[slice, slice]]:
    width, height = size
    rows = slice(0, height * 5 // 16), slice(height - height * 5 // 16, height)
    columns = slice(0, width * 5 // 16), slice(width - width * 5 // 16, width)
    return [(row, column) for row in rows for column in columns]


def _cells(size: tuple[int, int]) -> list[tuple[slice, slice]]:
    width, height = size
    rows = slice(height * 6 // 16, height * 10 // 16)
    edges = [width * (2 * bit + 2) // 16 for bit in range(BITS + 1)]
    return [(rows, slice(edges[bit], edges[bit + 1])) for bit in range(BITS)]


def _inner(part: Picture) -> Picture:
    """A part without its edges, where colours run into each other."""
    height, width = part.shape[:2]
    return part[height // 4 : height - height // 4, width // 4 : width - width // 4]
