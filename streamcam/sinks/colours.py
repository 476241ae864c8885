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

_RANGE = 219 / 255  # steps of Y in limited range for one of R, G and B
_SAMPLED = 8  # one in so many rows of pixels is looked at, to see whether a picture needs more
_NOTABLE = 0.5  # levels on average


def to_yuv420(image: UInt8Array) -> UInt8Array:
    """``(H, W, 3)`` BGR with even sides to planar ``(H * 3 / 2, W)`` yuv420p, BT.601, limited range.

    OpenCV takes the colour of the upper left pixel of four; in dithered pictures and fine patterns that is any of several.
    Where such a pattern is of strong colours, its contrast is lowered too, see ``_keep_mean``.
    """
    height, width = image.shape[:2]
    planes = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420).astype(np.uint8, copy=False)
    half = width // 2, height // 2
    small = cv2.resize(image, half, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    chroma = cv2.transform(small, _CHROMA)
    _keep_mean(planes[:height], small)
    for number, plane in enumerate(planes[height:].reshape(2, height // 2, width // 2)):
        cv2.extractChannel(chroma, number, plane)
    return planes


def _keep_mean(luma: UInt8Array, small: UInt8Array) -> None:
    """Lower the contrast within each four pixels to what their common colour allows, in a picture that needs it.

    Of four pixels with one colour and different brightness, some may come out beyond black or white in one of R, G and B.
    They are cut off there, and the mean colour shifts: red and black dots would look brown. With Y between the mean minus
    the least, and the mean plus what is left above the greatest of R, G and B, nothing is cut off.

    Args:
        luma: ``(H, W)`` of the whole picture; it is changed.
        small: ``(H / 2, W / 2, 3)`` BGR, the mean of each four pixels.
    """
    if _excess(luma[0::_SAMPLED], luma[1::_SAMPLED], small[:: _SAMPLED // 2]) < _NOTABLE:
        return
    size = luma.shape[1::-1]
    mean = cv2.resize(luma.astype(np.float32), small.shape[1::-1], interpolation=cv2.INTER_AREA)
    least, most = (part.astype(np.float32) for part in _extremes(luma[0::2], luma[1::2]))
    below, above = (part * np.float32(_RANGE) for part in _room(small))
    share = np.minimum(below / np.maximum(mean - least, 1), above / np.maximum(most - mean, 1))
    mean, share = (cv2.resize(part, size, interpolation=cv2.INTER_NEAREST) for part in (mean, np.minimum(share, 1)))
    cv2.add(mean, cv2.multiply(share, cv2.subtract(luma, mean, dtype=cv2.CV_32F)), luma, dtype=cv2.CV_8U)


def _excess(upper: UInt8Array, lower: UInt8Array, small: UInt8Array) -> float:
    """How far the brightness of four pixels goes beyond what their common colour allows, on average."""
    least, most = _extremes(upper[: len(small)], lower)
    height, width = least.shape
    mean = cv2.resize(
        cv2.addWeighted(upper[:height], 0.5, lower, 0.5, 0), (width, height), interpolation=cv2.INTER_AREA
    )
    below, above = _room(small)
    over = [
        cv2.subtract(cv2.subtract(mean, least), cv2.convertScaleAbs(below, alpha=_RANGE)),
        cv2.subtract(cv2.subtract(most, mean), cv2.convertScaleAbs(above, alpha=_RANGE)),
    ]
    return sum(cv2.mean(part)[0] for part in over)


def _room(small: UInt8Array) -> tuple[UInt8Array, UInt8Array]:
    """How far from black the least, and how far from white the greatest, of R, G and B is."""
    blue, green, red = cv2.split(small)
    above = cv2.bitwise_not(cv2.max(cv2.max(blue, green), red))
    return cv2.min(cv2.min(blue, green), red), above  # type: ignore[return-value]


def _extremes(upper: UInt8Array, lower: UInt8Array) -> tuple[UInt8Array, UInt8Array]:
    """The least and the greatest brightness of each four pixels."""
    least, most = cv2.min(upper, lower), cv2.max(upper, lower)
    return np.minimum(least[:, 0::2], least[:, 1::2]), np.maximum(most[:, 0::2], most[:, 1::2])


def widened(image: UInt8Array, height: int, width: int) -> UInt8Array:
    """A picture with its last row and column repeated, up to a size."""
    bottom, right = height - image.shape[0], width - image.shape[1]
    if not bottom and not right:
        return image
    return cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)
