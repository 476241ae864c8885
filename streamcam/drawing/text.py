"""Words on pictures: OpenCV's built-in font, measured, cut to a width, and drawn on darkened panels."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import cv2
import numpy as np

from streamcam.drawing.scripts import visual
from streamcam.types import UInt8Array

Colour = tuple[int, int, int]  # BGR

WHITE: Colour = (255, 255, 255)
GRAY: Colour = (200, 200, 200)
AMBER: Colour = (60, 200, 255)
RED: Colour = (60, 60, 255)
# Of several classes on one picture: told apart with any colour vision (Okabe and Ito 2008), without its black and yellow.
SEVERAL: tuple[Colour, ...] = ((0, 159, 230), (233, 180, 86), (115, 158, 0), (167, 121, 204), (0, 94, 213))
SMALLEST = 9  # pixels; smaller cannot be read
_SMALLEST_USUAL = 11


def colour_of(k: int) -> Colour:
    """The colour of the kth of several classes, from 0."""
    return SEVERAL[k % len(SEVERAL)]


def text_size(image: UInt8Array) -> int:
    """The height of ordinary text on a picture, in pixels."""
    return int(max(_SMALLEST_USUAL, round(min(image.shape[:2]) / 24)))


def bar_text_size(image: UInt8Array) -> int:
    """The height of the text in the line at the bottom of a live picture, in pixels."""
    return max(_SMALLEST_USUAL, round(text_size(image) * 0.7))


def bar_height(image: UInt8Array) -> int:
    """The height of that line, in pixels."""
    return round(bar_text_size(image) * 1.8)


@lru_cache(maxsize=1)
def _font() -> cv2.FontFace:
    return cv2.FontFace("sans")  # built into OpenCV, with Latin, Greek, Cyrillic and CJK


@lru_cache(maxsize=512)
def text_width(text: str, size: int) -> int:
    """Pixels that a text takes."""
    (_, _, width, _) = cv2.getTextSize((0, 0), visual(text), (0, 0), _font(), size)
    return int(width)


@lru_cache(maxsize=512)
def fitted(text: str, size: int, width: int) -> str:
    """The text, cut with an ellipsis where it is wider than ``width`` pixels."""
    if text_width(text, size) <= width:
        return text
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        fits, too_long = (middle, too_long) if text_width(f"{text[:middle]}…", size) <= width else (fits, middle)
    return f"{text[:fits].rstrip()}…"


@lru_cache(maxsize=512)
def drawable(text: str) -> str:
    """The text in one line, without what cannot be drawn; empty where the font lacks most of its letters."""
    line = " ".join(unicodedata.normalize("NFC", text).split())
    line = "".join(letter for letter in line if letter.isprintable() and unicodedata.category(letter) != "Cf")
    letters = [letter for letter in line if letter.isalpha()]
    lacking = sum(not _has(letter) for letter in letters)
    return "" if lacking * 2 > len(letters) or not line else line


@lru_cache(maxsize=4096)
def _has(letter: str) -> bool:
    """Whether the font has a letter: for what it lacks it draws a question mark."""
    return letter.isascii() or not np.array_equal(_drawn(letter), _drawn("?"))


def _drawn(letter: str) -> UInt8Array:
    image = np.zeros((32, 48, 3), np.uint8)
    write(image, letter, 8, 24, WHITE, 20)
    return image


def write(image: UInt8Array, text: str, x: int, y: int, colour: Colour, size: int) -> None:
    """Draw a text with its baseline starting at ``(x, y)``, in place."""
    cv2.putText(image, visual(text), (x, y), colour, _font(), size)


def darken(image: UInt8Array) -> None:
    """Darken a part of a picture in place, so that text on it is legible."""
    cv2.convertScaleAbs(image, dst=image, alpha=0.35)
