"""Which corner of the picture is written into: the one that covers least heat, and the same one for as long as it serves.

A picture by itself has the best corner. Over a video, what is written stays in its corner until another has covered less
for a while: the more heat is covered, the shorter. A cut begins afresh. And now and then the corner is chosen anew by what
was seen since the last time, so that nothing long ago decides where the writing is: parts of a video that are drawn apart
then agree with the whole.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streamcam.types import Explanation, Inside

UPPER_LEFT, UPPER_RIGHT, LOWER_LEFT, LOWER_RIGHT = range(4)

# In shares of all heat, and frames.
_ALIKE = 0.01  # corners of one picture that cover as much as the best, but for this, are as good
_ALIKE_OVER_TIME = 0.06  # the same, within a shot: the first of them is the usual one
_BETTER = 0.08  # by which another corner must be better, to count
_PATIENCE = (
    8.0  # how much must be covered too much, added up over frames, before the corner changes: half of all for 19
)
_ANEW = 256  # frames after which the corner is chosen anew
_AVERAGED = 32  # frames over which it is averaged what each covers
_LONGEST = 15  # frames that count for one explanation, where some were passed over

_FAINT = 0.01  # mean heat under which hardly anything is shown: it is in nobody's way
_REGION, _TOUCHED = 0.35, 0.15  # what covering a region of interest counts, beside covering all heat, and touching it

Floats = npt.NDArray[np.float64]


class Box(NamedTuple):
    """A part of a picture, in pixels."""

    x: int
    y: int
    width: int
    height: int


def corner_box(corner: int, shape: tuple[int, ...], width: int, height: int, margin: int, below: int = 0) -> Box:
    """Where something lies in a corner.

    Args:
        corner: one of the four.
        shape: ``(H, W, …)`` of the picture.
        width: of what lies there.
        height: of what lies there.
        margin: pixels to the edges of the picture.
        below: further pixels at the lower edge that are to stay free.
    """
    x = margin if corner in (UPPER_LEFT, LOWER_LEFT) else shape[1] - margin - width
    y = margin if corner in (UPPER_LEFT, UPPER_RIGHT) else max(margin, shape[0] - margin - below - height)
    return Box(x, y, width, height)


def covered(explanation: Explanation, boxes: list[Box]) -> Floats:
    """For each box, the share of the shown heat that lies in it, 0…1; more where it covers the region of interest."""
    assert explanation.heat is not None
    heat = explanation.heat.sum(axis=0, dtype=np.float64)
    r, (h, w) = explanation.region, heat.shape
    shares = [
        _within(box.y, box.y + box.height, r.y0, r.y1, h) @ heat @ _within(box.x, box.x + box.width, r.x0, r.x1, w)
        for box in boxes
    ]
    costs = np.asarray(shares) / max(heat.sum(), _FAINT * heat.size)
    if explanation.inside:
        region = _covered_region(explanation.inside, boxes)
        costs += _REGION * region + _TOUCHED * (region > 0)
    rounded: Floats = np.round(costs, 4)
    return rounded


@lru_cache(maxsize=64)
def _within(begin: int, end: int, first: int, last: int, cells: int) -> Floats:
    """How much of each of the cells between two edges lies between two others, 0…1."""
    edges = np.linspace(first, last, cells + 1)
    inside = np.minimum(edges[1:], end) - np.maximum(edges[:-1], begin)
    shares: Floats = np.clip(inside * cells / (last - first), 0, 1)
    return shares


def _covered_region(inside: Inside, boxes: list[Box]) -> Floats:
    """The share of a region of interest, by the boxes around its parts, that lies under each box."""
    parts = [(*outline.reshape(-1, 2).min(0), *(outline.reshape(-1, 2).max(0) + 1)) for outline in inside.outlines]
    area = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in parts)
    found = [
        sum(
            max(0, min(x1, box.x + box.width) - max(x0, box.x)) * max(0, min(y1, box.y + box.height) - max(y0, box.y))
            for x0, y0, x1, y1 in parts
        )
        for box in boxes
    ]
    shares: Floats = np.array(found, np.float64) / max(1, area)
    return shares


def _best(costs: Floats, alike: float) -> int:
    """The first of the corners that cover least."""
    return int(np.argmax(costs <= costs.min() + alike))


class SteadyCorner:
    """Follows the heat of one video, frame by frame, and keeps its corner while that serves.

    Args:
        above_bar: whether the line at the bottom of a live picture is to stay free.

    Attributes:
        above_bar: as given.
        corner: that is written into now.
    """

    def __init__(self, *, above_bar: bool = False) -> None:
        self.above_bar = above_bar
        self.corner = UPPER_LEFT
        self._index = -1
        self._since = 0  # frames since it changed
        self._excess = np.zeros(4)  # what our corner has covered more than each other, by more than a little
        self._average = np.zeros(4)  # of what each covers

    def follow(self, explanation: Explanation, boxes: list[Box]) -> int:
        """The corner for the next frame.

        Args:
            explanation: of that frame; one that is shown once more changes nothing.
            boxes: what would be covered in each of the four corners.
        """
        costs, index = covered(explanation, boxes), explanation.index
        frames = min(index - self._index, _LONGEST)
        if explanation.cut or self._index < 0 or frames < 0:
            begins = explanation.cut or index <= 0
            self._average = costs
            self._change(_best(costs, _ALIKE if begins else _ALIKE_OVER_TIME))
        elif frames:
            self._since += frames
            self._average = self._average + (1 - (1 - 1 / _AVERAGED) ** frames) * (costs - self._average)
            self._excess = np.maximum(0, self._excess + frames * (costs[self.corner] - costs - _BETTER))
            if self._excess.max() > _PATIENCE:
                is_better = self._excess > self._excess.max() / 2
                self._change(_best(np.where(is_better, self._average, np.inf), _ALIKE))
            elif index // _ANEW > self._index // _ANEW and self._since >= _AVERAGED:
                self._change(_best(self._average, _ALIKE_OVER_TIME))
        self._index = index
        return self.corner

    def _change(self, corner: int) -> None:
        self.corner, self._since, self._excess = corner, 0, np.zeros(4)
