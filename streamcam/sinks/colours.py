"""BGR pictures as yuv420p, the form that every player decodes: a colour for each four pixels, the mean of theirs."""

from __future__ import annotations

import cv2
import numpy as np

from streamcam.types import UInt8Array

# From 8-bit B, G, R to Cb and Cr of BT.601 in limited range (ITU-R BT.601-7, 2.5); Cr twice, since OpenCV is fast with
# three channels only.
_CHROMA = (
    np.array(
        [
            [112.0, -74.203, -37.797, 128 * 255],
            [-18.214, -93.786, 112.0, 128 * 255],
            [-18.214, -93.786, 112.0, 128 * 255],
        ],
        np.float32,
    )
    / 255
)


def to_yuv420(image: UInt8Array) -> UInt8Array:
    """``(H, W, 3)`` BGR with even sides to planar ``(H * 3 / 2, W)`` yuv420p, BT.601, limited range.

    OpenCV takes the colour of the upper left pixel of four; in dithered pictures and fine patterns that is any of several.
    """
    height, width = image.shape[:2]
    planes = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420).astype(np.uint8, copy=False)
    small = cv2.resize(image, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    chroma = cv2.transform(small, _CHROMA)
    for number, plane in enumerate(planes[height:].reshape(2, height // 2, width // 2)):
        cv2.extractChannel(chroma, number, plane)
    return planes


def widened(image: UInt8Array, height: int, width: int) -> UInt8Array:
    """A picture with its last row and column repeated, up to a size."""
    bottom, right = height - image.shape[0], width - image.shape[1]
    if not bottom and not right:
        return image
    return cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)
