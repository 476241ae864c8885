"""Pictures of a camera that stands still or moves, made of photographs, with the noise of its sensor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from streamcam import Frame

SIZE = 320, 180  # width, height
RATE = 30


def view(photograph, x, y, width):
    """What a camera sees that is aimed at ``(x, y)`` of a photograph and as wide as ``width`` of its pixels."""
    zoom = SIZE[0] / width
    turned = np.array([[zoom, 0, SIZE[0] / 2 - zoom * x], [0, zoom, SIZE[1] / 2 - zoom * y]])
    return cv2.warpAffine(photograph, turned, SIZE, borderMode=cv2.BORDER_REFLECT)


def with_thing(picture, thing, x, y):
    """The picture with something in it, its upper left corner at ``(x, y)``, which may be outside."""
    h, w = thing.shape[:2]
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + w, SIZE[0]), min(y + h, SIZE[1])
    picture = picture.copy()
    if left < right and top < bottom:
        picture[top:bottom, left:right] = thing[top - y : bottom - y, left - x : right - x]
    return picture


def filmed(pictures: Iterable[np.ndarray], noise: float = 3.0, *, seed: int = 0) -> Iterator[Frame]:
    """Pictures as frames; ``noise`` is the standard deviation in gray levels, of its own in each pixel and channel."""
    random = np.random.default_rng(seed)
    for index, picture in enumerate(pictures):
        noisy = picture + random.normal(0, noise, picture.shape)
        yield Frame(np.clip(noisy, 0, 255).astype(np.uint8), index, index / RATE)


def small_cup(coffee):
    """A cup, 24 pixels high."""
    return cv2.resize(coffee[20:300, 170:400], (20, 24), interpolation=cv2.INTER_AREA)


def still(cat, coffee, count=150):
    """A cat, and now and then a small cup beside it moves."""
    room = view(cat, 215, 150, 400)
    for index in range(count):
        yield with_thing(room, small_cup(coffee), 15 + 6 * min(max(index % 150 - 60, 0), 12), 130)


def panned(coffee, count=40):
    """A camera that moves along a table."""
    return (view(coffee, 200 + 1.6 * index, 200, 350) for index in range(count))


def shaken(cat, count=40):
    """A camera in a hand."""
    steps = np.random.default_rng(1).normal(0, 1.5, (count, 2))
    at = np.zeros(2)
    for step in steps:
        at = 0.9 * at + step
        yield view(cat, 215 + at[0], 150 + at[1], 380)


def passing(cat, coffee, count=40):
    """A large cup that passes before a cat."""
    cup = cv2.resize(coffee[20:300, 170:400], (80, 96), interpolation=cv2.INTER_AREA)
    return (with_thing(view(cat, 215, 150, 400), cup, -75 + 6 * index, 70) for index in range(count))
