"""Turn and mirror decoded pictures as a file's display matrix says: phones film lying down, front cameras mirror."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import cv2
import numpy as np

from streamcam.types import UInt8Array

_NEAR = 1.0  # degrees from a quarter turn that are taken for one, as FFmpeg does


@dataclass(frozen=True, slots=True)
class Orientation:
    """What makes a picture upright.

    Attributes:
        turns: quarter turns clockwise, 0 to 3, before it is mirrored.
        mirror: whether left and right are swapped.
        angle: degrees clockwise that are no quarter turns, for a camera held askew: corners become black, the size stays.
    """

    turns: int = 0
    mirror: bool = False
    angle: float = 0.0

    @property
    def plain(self) -> bool:
        """Whether it only turns by quarters: what OpenCV's reader does by itself."""
        return not self.mirror and not self.angle

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of an upright picture."""
        return (height, width) if self.turns % 2 else (width, height)

    def upright(self, image: UInt8Array) -> UInt8Array:
        """A picture ``(H, W, 3)`` that was turned upright."""
        if self.turns:
            how = (cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE)[self.turns - 1]
            image = np.asarray(cv2.rotate(image, how), np.uint8)
        if self.mirror:
            image = np.asarray(cv2.flip(image, 1), np.uint8)
        if self.angle:
            height, width = image.shape[:2]
            turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -self.angle, 1)
            image = np.asarray(cv2.warpAffine(image, turn, (width, height)), np.uint8)
        return image


def read_matrix(data: bytes) -> Orientation:
    """The orientation in FFmpeg's display matrix, nine int32: ``(a b u, c d v, x y w)``, a pixel goes to ``(ax+cy, bx+dy)``.

    How it is read where it is no pure turn follows FFmpeg's command line, so that both show the same.
    """
    a, b, _, c, d = struct.unpack("=9i", data[:36])[:5]
    across, down = math.hypot(a, c), math.hypot(b, d)
    if not across or not down or not a * d - b * c:
        return Orientation()
    mirror = a * d - b * c < 0
    if mirror:  # take the mirror off: it is applied after the turn, so it acts on where x goes
        a, c = -a, -c
    angle = math.degrees(math.atan2(b / down, a / across)) % 360
    turns = round(angle / 90)
    if abs(angle - 90 * turns) < _NEAR:
        return Orientation(turns % 4, mirror)
    return Orientation(0, mirror, angle)
