"""Encodes a picture as JPEG, in memory."""

from __future__ import annotations

import cv2
import numpy as np

from streamcam.types import UInt8Array


def encode_jpeg(image: UInt8Array, quality: int) -> bytes:
    """A JPEG of ``(H, W, 3)`` uint8 BGR; ``quality`` is 1…100."""
    return np.asarray(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]).tobytes()
