"""Words on pictures: OpenCV's built-in font, measured, cut to a width, and drawn on darkened panels."""

from __future__ import annotations

from functools import lru_cache

import cv2

from streamcam.types import UInt8Array

Colour = tuple[int, int, int]  # BGR

WHITE: Colour = (255, 255, 255)
GRAY: Colour = (200, 200, 200)
AMBER: Colour = (60, 200, 255)
RED: Colour = (60, 60, 255)
# Of several classes on one picture: told apart with any colour vision (Okabe and Ito 2008), without its black and yellow.
SEVERAL: tuple[Colour, ...] = ((0, 159, 230), (233, 180, 86), (115, 158, 0), (167, 121, 204), (0, 94, 213))
_SMALLEST = 11  # pixels; smaller is not readable


def text_size(image: UInt8Array) -> int:
    """The height of ordinary text on a picture, in pixels."""
    return int(max(_SMALLEST, round(min(image.shape[:2]) / 24)))


@lru_cache(maxsize=1)
def _font() -> cv2.FontFace:
    return cv2.FontFace("sans")  # built into OpenCV, with Latin, Greek, Cyrillic and CJK


@lru_cache(maxsize=512)
def text_width(text: str, size: int) -> int:
    """Pixels that a text takes."""
    (_, _, width, _) = cv2.getTextSize((0, 0), text, (0, 0), _font(), size)
    return int(width)


@lru_cache(maxsize=512)
def fitted(text: str, size: int, width: int) -> str:
    """The text, cut with an ellipsis where it is wider than ``width`` pixels."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(f"{text}…", size) > width:
        text = text[:-1]
    return f"{text}…"


def write(image: UInt8Array, text: str, x: int, y: int, colour: Colour, size: int) -> None:
    """Draw a text with its baseline starting at ``(x, y)``, in place."""
    cv2.putText(image, text, (x, y), colour, _font(), size)


def darken(image: UInt8Array) -> None:
    """Darken a part of a picture in place, so that text on it is legible."""
    cv2.convertScaleAbs(image, dst=image, alpha=0.35)
