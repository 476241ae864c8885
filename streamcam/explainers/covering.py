"""Proof by covering: what is left of an answer when its hottest places are blurred away, and when its coldest ones are.

A heatmap claims that the answer hangs on the places that are hot. So the hottest tenth of the map is covered, and the model is
asked again, without any explanation; then the coldest tenth. Where the claim is right, the first costs the class much of its
probability and the second little. This is the deletion of Petsiuk et al. 2018 (arXiv:1806.07421) in one step, beside its
opposite as in Rong et al. 2022 (arXiv:2202.00449).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from streamcam.types import BoolArray, Covering, Explanation, Float32Array, UInt8Array

EVERY = 1 / 3  # seconds: a frame is checked at each multiple of it
_SHARE = 0.1  # of the map's places
_BLUR = 1 / 10  # of the short side: the sigma
_SMALLER = 8
_NEW = 0.3  # share of a new check in the average


def covered(picture: UInt8Array, places: BoolArray) -> UInt8Array:
    """A picture ``(H, W, 3)`` in which the marked places of a map, ``(h, w)``, are blurred away, with soft edges."""
    height, width = picture.shape[:2]
    mask = cv2.resize(places.astype(np.float32), (width, height), interpolation=cv2.INTER_NEAREST)
    return blurred(picture, soft_edges(np.asarray(mask, np.float32)))


def soft_edges(mask: Float32Array, share: float = 1.0) -> Float32Array:
    """A mask ``(H, W)`` with edges as soft as a share of what ``covered`` has."""
    sigma = share * min(mask.shape) * _BLUR / _SMALLER
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), max(0.1, sigma)), np.float32)


def blurred(picture: UInt8Array, mask: Float32Array) -> UInt8Array:
    """A picture ``(H, W, 3)`` that is blurred away where the mask, ``(H, W)``, is 1."""
    height, width = picture.shape[:2]
    sigma = min(height, width) * _BLUR
    small = max(1, width // _SMALLER), max(1, height // _SMALLER)  # blurred there, which is as good and much faster
    soft = cv2.GaussianBlur(cv2.resize(picture, small, interpolation=cv2.INTER_AREA), (0, 0), sigma / _SMALLER)
    soft = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.blendLinear(soft, picture, mask, 1 - mask), np.uint8)


def ends_of(heatmap: Float32Array) -> tuple[BoolArray, BoolArray]:
    """The hottest and the coldest tenth of the places of a map, ``(h, w)`` bool each; of equal ones, what is far from the peak
    is colder.
    """
    h, w = heatmap.shape
    y, x = divmod(int(heatmap.argmax()), w)
    rows, columns = np.mgrid[:h, :w]
    order = np.lexsort((np.hypot(rows - y, columns - x).ravel(), -heatmap.ravel()))
    count = max(1, round(_SHARE * h * w))
    ends = np.zeros((2, h * w), np.bool_)
    ends[0, order[:count]] = ends[1, order[-count:]] = True
    return ends[0].reshape(h, w), ends[1].reshape(h, w)


@dataclass(slots=True)
class _Last:
    time: float
    index: int  # of the class
    covering: Covering


class CoverMeter:
    """Checks some frames of a stream, and averages what it finds for as long as the explained class stays."""

    def __init__(self) -> None:
        self._last: _Last | None = None
        self._checking = threading.Lock()

    def read(
        self, explanation: Explanation, picture: UInt8Array, ask: Callable[[UInt8Array], Float32Array]
    ) -> Covering | None:
        """What covering costs the first target now; None where its map has no evidence, or speaks against it.

        Args:
            explanation: of the next frame.
            picture: what the model saw of it, ``(H, W, 3)`` uint8 BGR.
            ask: gives the ``(C,)`` probabilities of such a picture.
        """
        with self._checking:
            index, time = int(explanation.classes[0]), explanation.time
            last = self._last
            is_going_on = last is not None and last.index == index and 0 <= time - last.time < 10 * EVERY
            if last and is_going_on and time > last.time and time // EVERY == last.time // EVERY:
                return last.covering
            whole = float(explanation.scores[0])
            heatmap = explanation.heatmaps[0]
            if explanation.against[0] or not heatmap.any() or whole <= 0:
                self._last = None
                return None
            falls = [1 - float(ask(covered(picture, end))[index]) / whole for end in ends_of(heatmap)]
            found = Covering(*(float(np.clip(fall, -1, 1)) for fall in falls))
            if last and is_going_on and time > last.time:
                before = last.covering
                found = Covering(
                    _NEW * found.hot + (1 - _NEW) * before.hot, _NEW * found.cold + (1 - _NEW) * before.cold
                )
            self._last = _Last(time, index, found)
            return found
