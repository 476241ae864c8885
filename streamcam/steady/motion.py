"""Optical flow between two frames, at a small size: to move a heatmap along with the picture, and to notice a cut."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from streamcam.types import Float32Array, Region, UInt8Array

_SHORT = 112  # pixels of the short side: half of what most networks see
# A frame whose gray levels differ by more than this from the one before, moved by the flow, is of another shot.
_CUT = 24.0


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Where each place of a picture was in an earlier (or later) one.

    Attributes:
        flow: ``(H, W, 2)`` float32, x and y: what is at ``(x, y)`` here was at ``(x, y) + flow`` there.
        is_cut: whether the two pictures have nothing to do with each other.
    """

    flow: Float32Array
    is_cut: bool

    _grids: dict[tuple[int, int], tuple[Float32Array, Float32Array]] = field(default_factory=dict)

    def carry(self, maps: Float32Array) -> Float32Array:
        """``(K, h, w)`` float32 maps of the other picture, moved to where their places are in this one."""
        h, w = maps.shape[1:]
        if (h, w) not in self._grids:
            small = np.asarray(cv2.resize(self.flow, (w, h), interpolation=cv2.INTER_AREA), np.float32)
            self._grids[h, w] = _places(small, self.flow.shape)
        x, y = self._grids[h, w]
        moved = np.empty_like(maps)
        for one, there in zip(moved, maps, strict=True):
            cv2.remap(there, x, y, cv2.INTER_LINEAR, dst=one, borderMode=cv2.BORDER_REPLICATE)
        return moved


def _places(flow: Float32Array, shape: Sequence[int]) -> tuple[Float32Array, Float32Array]:
    """Where each cell of a grid was, in cells: a small copy of a flow of ``shape``, whose unit is the pixel of that."""
    h, w = flow.shape[:2]
    x = np.arange(w, dtype=np.float32) + flow[..., 0] * np.float32(w / shape[1])
    y = np.arange(h, dtype=np.float32)[:, None] + flow[..., 1] * np.float32(h / shape[0])
    return x, y


def small_gray(image: UInt8Array, region: Region) -> UInt8Array:
    """The region of a picture, gray, with a short side of about 112 pixels: ``(H, W)`` uint8."""
    part = image[region.y0 : region.y1, region.x0 : region.x1]
    height, width = part.shape[:2]
    scale = _SHORT / min(height, width)
    w, h = max(16, round(width * scale)), max(16, round(height * scale))
    twice = cv2.cvtColor(cv2.resize(part, (2 * w, 2 * h), interpolation=cv2.INTER_LINEAR), cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(twice, (w, h), interpolation=cv2.INTER_AREA), np.uint8)


def motion(here: UInt8Array, there: UInt8Array) -> Motion:
    """The motion between two small gray pictures of one size.

    By DIS optical flow, Kroeger et al. 2016 (arXiv:1603.03590), in OpenCV's fastest setting.
    """
    start = np.zeros((*here.shape, 2), np.float32)  # OpenCV begins with what is in it
    flow = np.asarray(_own.dis.calc(here, there, start), np.float32)
    x, y = _places(flow, flow.shape)
    moved = cv2.remap(there, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return Motion(flow, float(cv2.norm(here, moved, cv2.NORM_L1)) / here.size > _CUT)


def is_cut(here: UInt8Array, there: UInt8Array) -> bool:
    """Whether two small gray pictures have nothing to do with each other, whatever has moved."""
    if here.shape != there.shape:
        return True
    return float(cv2.norm(here, there, cv2.NORM_L1)) / here.size > _CUT and motion(here, there).is_cut


class _Own(threading.local):
    """One of each thread: it works in memory of its own, so two threads that share one crash."""

    def __init__(self) -> None:
        self.dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)


_own = _Own()
