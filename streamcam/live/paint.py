"""Paint over a live picture: what people cover is hidden from the model and from everybody who looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeAlias

import cv2
import numpy as np

from streamcam.explainers.covering import blurred, soft_edges
from streamcam.live.controls import Controls
from streamcam.types import Float32Array, Frame

Dab: TypeAlias = tuple[float, float, float]  # x and y in 0…1 of the frame, the radius in 0…1 of its short side


def painting(frames: Iterable[Frame], controls: Controls) -> Iterator[Frame]:
    """The frames, with what the controls have painted over blurred away."""
    dabs: tuple[Dab, ...] = ()
    mask: Float32Array | None = None
    for frame in frames:
        if not (wanted := controls.painted):
            mask = None
            yield frame
            continue
        shape = frame.image.shape[:2]
        if mask is None or mask.shape != shape or wanted is not dabs:
            dabs, mask = wanted, painted_mask(wanted, (shape[0], shape[1]))
        yield replace(frame, image=blurred(frame.image, mask))


def painted_mask(dabs: Iterable[Dab], shape: tuple[int, int]) -> Float32Array:
    """``(H, W)`` float32, 1 where it is painted, with soft edges."""
    height, width = shape
    mask = np.zeros(shape, np.float32)
    for x, y, radius in dabs:
        centre = round(x * width), round(y * height)
        cv2.circle(mask, centre, max(1, round(radius * min(height, width))), 1.0, cv2.FILLED)
    return soft_edges(mask, 1 / 4)
