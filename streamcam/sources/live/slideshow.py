"""Photographs that move slowly, for exhibits without a clip of their own."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from streamcam.types import UInt8Array

_SIZE = 1280, 720
_SECONDS = 9.0  # of each photograph
_NEARER = 1.25  # how much of a photograph is left out, at most, to move over it


def slideshow(photographs: Sequence[UInt8Array], fps: float = 25) -> Iterator[UInt8Array]:
    """Pan over one photograph after the other, without end, each picture when it is due.

    Args:
        photographs: ``(H, W, 3)`` uint8 BGR each.
        fps: pictures a second.
    """
    due = time.monotonic()
    for photograph in itertools.cycle(photographs):
        for step in range(round(_SECONDS * fps)):
            yield _view(photograph, step / (_SECONDS * fps))
            due = max(due + 1 / fps, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))


def _view(photograph: UInt8Array, share: float) -> UInt8Array:
    """Where the eye is after this share (0…1) of a photograph's time: it comes nearer and leaves again."""
    height, width = photograph.shape[:2]
    zoom = 1 + (_NEARER - 1) * math.sin(math.pi * share) ** 2
    scale = max(_SIZE[0] / width, _SIZE[1] / height) * zoom
    left = (_SIZE[0] - width * scale) * (0.5 + 0.3 * math.cos(2 * math.pi * share))
    top = (_SIZE[1] - height * scale) * 0.5
    place = np.array([[scale, 0, left], [0, scale, top]], np.float32)
    return np.asarray(cv2.warpAffine(photograph, place, _SIZE, flags=cv2.INTER_LINEAR), np.uint8)
