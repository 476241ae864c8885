"""When a map must be made anew: when the picture has changed, by more than motion, since the one that was explained last.

What is compared is what the model sees, in gray and small, with the picture that was *explained* last, so that slow changes
add up. The brightness is evened out and the motion taken out, as the map is carried along by it, and what is left is
measured in blocks; the block that changed most decides, so that a small thing counts in a large picture.

A block has changed when what is left in it is more than a fifth of the picture's contrast (the standard deviation of its
gray levels). On clips of many kinds, maps of the bundled model that were carried so far correlated with those made anew by
0.98 in the median and 0.95 at least; two maps of one still scene with sensor noise of 3 gray levels do by 0.99. Where the
most probable class leads the next by less than a quarter, less change is enough, in proportion. And it must be more
than noise, which is what is left between two pictures that follow each other.

Where frame after frame has changed, looking costs more than it saves: only some are looked at then.

While another class leads the one that is named, each frame is explained: it is named when it stays. And a frame that is
explained whatever it shows comes at fixed times, so that what is decided after one of them does not depend on
where in a video reading began.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from streamcam.steady.motion import Motion, motion, small_gray
from streamcam.types import Explanation, Float32Array, Frame, Region, UInt8Array

LONGEST = 2.0  # seconds: at each multiple of it a frame is explained whatever it shows
_CHANGED = 0.2  # of the contrast, in the block that changed most
_IN_DOUBT = 0.25  # of that, at least, while another class is close
_OVER_NOISE = 3.0  # times the noise; the noisiest of some hundred blocks has less than twice the median
_LEAST_NOISE, _MOST_NOISE = 0.3, 2.0  # gray levels of a small picture: rounding; and more is no noise of a sensor
_BLOCK = 8  # pixels of a small picture: half a cell of the map of most networks
_BRIGHTER = 1.25  # times as bright is still the same picture
_LEAD = 0.25  # of probability: with less, another class is close
_IN_A_ROW, _UNSEEN = 4, 3  # after so many frames that have changed, so many are explained without a look


class Renewal:
    """Decides frame by frame whether it must be explained, or the last map can be carried along."""

    def __init__(self) -> None:
        self._image: UInt8Array | None = None  # that was explained last, until it is known what the model sees of it
        self._region: Region | None = None
        self._explained: UInt8Array | None = None
        self._before: UInt8Array | None = None
        self._known: tuple[tuple[int, ...], int, object] | None = None  # what else the last map depends on
        self._changed = 0  # frames in a row that were due

    def due(self, frame: Frame, last: Callable[[], Explanation], *, named: bool = False, asked: object = None) -> bool:
        """Whether to explain a frame. If so, those that follow are compared with it.

        Args:
            frame: the next of a stream.
            last: gives the explanation of the frame that was due last; called only where the decision needs it.
            named: whether a ``Naming`` has chosen the class: frames are due while another class is more probable.
            asked: what was asked of the explainer; the frame is due when it is not what it was.
        """
        known = frame.image.shape, int(frame.time / LONGEST), asked
        if self._known is None or self._known[0] != known[0]:
            self._image, self._region, self._known = frame.image, None, known
            return True
        if self._region is None:
            assert self._image is not None
            self._region = last().region
            self._explained = self._before = small_gray(self._image, self._region)
            self._image = None
        assert self._explained is not None
        assert self._before is not None
        gray, before = small_gray(frame.image, self._region), self._before
        self._before = gray
        if known != self._known:
            self._changed = 0
        elif self._changed % (_IN_A_ROW + _UNSEEN) < _IN_A_ROW:
            has_changed = _has_changed(gray, self._explained, before, last)
            if not has_changed and not (named and _is_challenged(last())):
                self._changed = 0
                return False
        self._changed += 1
        self._explained, self._known = gray, known
        return True


def _has_changed(gray: UInt8Array, reference: UInt8Array, before: UInt8Array, last: Callable[[], Explanation]) -> bool:
    """Whether a small picture has changed since the one that was explained; ``before`` is the one just before it."""
    limit = _CHANGED * float(reference.std())
    least = max(_IN_DOUBT * limit, _OVER_NOISE * _LEAST_NOISE)
    if left_over(gray, reference).max() <= least:
        return False
    moved = motion(gray, reference)
    if moved.is_cut:
        return True
    left = float(left_over(gray, reference, moved).max())
    if left <= least:
        return False
    if left <= _OVER_NOISE * _MOST_NOISE:
        noise = float(np.median(left_over(gray, before, motion(gray, before))))
        if left <= _OVER_NOISE * noise:
            return False
    return left > limit or left > limit * min(1.0, _lead(last()) / _LEAD)


def left_over(here: UInt8Array, there: UInt8Array, moved: Motion | None = None) -> Float32Array:
    """What differs between two small gray pictures once brightness and motion are taken out.

    Args:
        here: ``(H, W)`` uint8.
        there: another one of that size.
        moved: the motion between them, None for none.

    Returns:
        Root mean square of each block of about 8x8 pixels, in gray levels, ``(H // 8, W // 8)``.
    """
    size = here.shape[1] // _BLOCK, here.shape[0] // _BLOCK
    one, other = here.astype(np.float32), there.astype(np.float32)
    if moved:
        other = moved.carry(other[None])[0]
    blocks = [cv2.resize(picture, size, interpolation=cv2.INTER_AREA) + 1 for picture in (one, other)]
    brighter = np.clip(np.median(blocks[0] / blocks[1]), 1 / _BRIGHTER, _BRIGHTER)
    rest = cv2.blur(one - np.float32(brighter) * other, (3, 3))  # finer than that, resizing differs
    return np.asarray(np.sqrt(cv2.resize(rest * rest, size, interpolation=cv2.INTER_AREA)), np.float32)


def _lead(explanation: Explanation) -> float:
    """By how much the most probable class leads the next, 0…1."""
    if len(explanation.probabilities) < 2:
        return 1.0
    second, first = np.partition(explanation.probabilities, -2)[-2:]
    return float(first - second)


def _is_challenged(explanation: Explanation) -> bool:
    """Whether another class is more probable than the explained one."""
    return int(explanation.probabilities.argmax()) != int(explanation.classes[0])
