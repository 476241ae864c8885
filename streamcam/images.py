"""What is an image, and what people take for one."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from streamcam.errors import OptionError
from streamcam.types import Frame, UInt8Array

USUAL_RATE = Fraction(30)  # pictures a second, where nobody says how many

NO_IMAGE = "the image is None, which is what cv2.imread gives of a file that it cannot read; check its path"


def image_from(given: Any) -> UInt8Array:
    """An image, if it is one.

    Raises:
        OptionError: it is not ``(H, W, 3)`` uint8; the message says what it is instead, and what helps.
    """
    if given is None:
        raise OptionError(NO_IMAGE)
    if isinstance(given, str | os.PathLike):
        raise OptionError(f"{given}: a path is no image; streamcam.explain takes one, cv2.imread reads it")
    if not isinstance(given, np.ndarray):
        raise OptionError(f"an image is a NumPy array (H, W, 3) uint8 in BGR order, not a {type(given).__name__}")
    if given.dtype != np.uint8 or given.ndim != 3 or given.shape[2] != 3 or not given.size:
        raise OptionError(f"an image is (H, W, 3) uint8 in BGR order, not {given.shape} {given.dtype}")
    return given


def frame_of(given: Any, number: int, rate: Fraction = USUAL_RATE) -> Frame:
    """A ``Frame`` as it is; of an image, the frame of this number at so many a second.

    Raises:
        OptionError: it is neither.
    """
    return given if isinstance(given, Frame) else Frame(image_from(given), number, float(number / rate))


def check_images(images: Any) -> None:
    """Raise ``OptionError`` for what is no iterable of images."""
    if isinstance(images, str | os.PathLike):
        raise OptionError(f"{images}: a path is no source; open_source opens one")
    if not isinstance(images, Iterable) and not hasattr(images, "__getitem__"):
        raise OptionError(f"{type(images).__name__}: is no iterable of images")


def framed(images: Iterable[Any]) -> Iterator[Frame]:
    """Frames as they are, and images as frames, 30 a second. A generator is closed with this one."""
    try:
        for number, image in enumerate(images):
            yield frame_of(image, number)
    finally:
        if isinstance(images, Generator):
            images.close()
