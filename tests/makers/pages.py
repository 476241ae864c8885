"""The live page in a browser: what it shows."""

from __future__ import annotations

import base64
import time

import cv2
import numpy as np

CANVAS = "document.getElementById('picture')"
WIDTH, HEIGHT = 640, 480  # the stream's aspect, so that the canvas is the picture


def canvas(page) -> np.ndarray:
    """The canvas' pixels, BGR."""
    data = page.evaluate(f"{CANVAS}.toDataURL('image/png')").split(",")[1]
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)


def waits(page, condition, seconds=90):
    end = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < end, page.inner_text("body")
        page.wait_for_timeout(100)
    return result


def says(page, *parts):
    waits(page, lambda: all(part in page.inner_text("#sentence") for part in parts))


def explained(page):
    """The classes that are marked in the bars."""
    return page.eval_on_selector_all("#bars [aria-pressed=true] .name", "all => all.map(one => one.textContent)")


def coloured(page):
    """How colourful the right half of the picture is: heat is, far more than the photograph."""
    image = canvas(page)[: HEIGHT // 3, WIDTH // 2 :].astype(int)
    return (image.max(axis=2) - image.min(axis=2)).mean()
