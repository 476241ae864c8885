"""Make pictures smaller and fewer, where an output is to be no wider or faster than people want it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np

from streamcam.errors import OptionError
from streamcam.settings import Encoding
from streamcam.types import Frame, UInt8Array, VideoInfo

_LEAST_WIDTH, _MOST_FPS = 16, 1000
_ROUNDING = 1e-6  # of times that are meant to be multiples of the interval


def check_encoding(encoding: Encoding) -> None:
    """Raise ``OptionError`` for a size or a rate that no output has."""
    if encoding.max_width is not None and encoding.max_width < _LEAST_WIDTH:
        raise OptionError(f"max-width {encoding.max_width}: must be at least {_LEAST_WIDTH} pixels")
    if encoding.max_fps is not None and not 0 < encoding.max_fps <= _MOST_FPS:
        raise OptionError(f"max-fps {encoding.max_fps:g}: must be more than 0, and at most {_MOST_FPS}")


class Reduction:
    """Which frames of a source an output takes, and at what size.

    Args:
        info: of the source.
        encoding: ``max_width`` and ``max_fps``.
        square: whether the output has square pixels only: others are stretched.
    """

    def __init__(self, info: VideoInfo, encoding: Encoding, *, square: bool = False) -> None:
        check_encoding(encoding)
        wide = info.width * info.pixel_aspect if square else Fraction(info.width)
        width, height = max(1, round(wide)), info.height
        if encoding.max_width and width > encoding.max_width:
            width, height = encoding.max_width, max(1, round(height * encoding.max_width / wide))
        rate = info.frame_rate
        self._limit: Fraction | None = None
        if encoding.max_fps and rate > encoding.max_fps:
            rate = self._limit = Fraction(encoding.max_fps).limit_denominator(1001)
        self._slot = -1
        self.source = info
        self.info = replace(info, width=width, height=height, frame_rate=rate)
        if square:
            self.info = replace(self.info, pixel_aspect=Fraction(1))

    @property
    def even(self) -> VideoInfo:
        """What is written, with sides that are even."""
        info = self.info
        return replace(info, width=info.width + info.width % 2, height=info.height + info.height % 2)

    @property
    def said(self) -> str:
        """What is less than in the source, or nothing."""
        told = []
        if self.info.width < round(self.source.width * self.source.pixel_aspect):
            told.append(f"from {self.source.width}x{self.source.height} to {self.info.width}x{self.info.height} pixels")
        if self._limit is not None:
            told.append(
                f"from {float(self.source.frame_rate):.4g} to {float(self.info.frame_rate):.4g} pictures a second"
            )
        return " and ".join(told)

    def takes(self, frame: Frame) -> bool:
        """Whether a frame is written: the first of each interval of the rate."""
        if self._limit is None:
            return True
        slot = int(frame.time * self._limit + _ROUNDING)
        if slot <= self._slot:
            return False
        self._slot = slot
        return True

    def sized(self, image: UInt8Array) -> UInt8Array:
        """A picture at the size that is written."""
        size = self.info.width, self.info.height
        if image.shape[1::-1] == size:
            return image
        smaller = size[0] < image.shape[1]
        method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        return cv2.resize(image, size, interpolation=method).astype(np.uint8, copy=False)
