"""Several pictures on one: where each lies, what is written on it, and explanations that are scaled along with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from streamcam.drawing.corner import Box, corner_box
from streamcam.drawing.text import SMALLEST, Colour, darken, fitted, text_width, write
from streamcam.types import Explanation, Region, UInt8Array


def tile_boxes(height: int, width: int, count: int, columns: int | None = None) -> list[Box]:
    """Where pictures of one size lie on a picture of that size, small: as large as they fit, in rows.

    Args:
        height: of the picture.
        width: of the picture.
        count: how many there are.
        columns: how many are beside each other; those with which they are largest if None.

    Returns:
        The boxes; none where they would have no pixels.
    """
    tries = [columns] if columns else range(1, count + 1)
    scale, columns = max((min(1 / tried, 1 / -(-count // tried)), tried) for tried in tries)
    rows = -(-count // columns)
    h, w = int(height * scale), int(width * scale)
    if not h or not w:
        return []
    top, left = (height - h * rows) // 2, (width - w * columns) // 2
    return [Box(left + n % columns * w, top + n // columns * h, w, h) for n in range(count)]


def tiled(shape: tuple[int, ...], boxes: Sequence[Box], tiles: Sequence[UInt8Array]) -> UInt8Array:
    """A black picture ``(H, W, 3)`` uint8 with smaller pictures on it, each in its box."""
    canvas = np.zeros(shape, np.uint8)
    for box, tile in zip(boxes, tiles, strict=True):
        canvas[box.y : box.y + box.height, box.x : box.x + box.width] = tile
    return canvas


def shrunk(image: UInt8Array, box: Box) -> UInt8Array:
    """A picture in the size of a tile."""
    return np.asarray(cv2.resize(image, (box.width, box.height), interpolation=cv2.INTER_AREA), np.uint8)


def scaled(explanation: Explanation, image: UInt8Array, box: Box) -> Explanation:
    """The explanation of a picture for the same picture in the size of a tile."""
    x, y = box.width / image.shape[1], box.height / image.shape[0]
    r, inside = explanation.region, explanation.inside
    x0, y0 = min(round(r.x0 * x), box.width - 1), min(round(r.y0 * y), box.height - 1)
    region = Region(x0, y0, max(x0 + 1, round(r.x1 * x)), max(y0 + 1, round(r.y1 * y)))
    if inside:
        small = (np.rint(outline * (x, y)).astype(np.int32) for outline in inside.outlines)
        inside = replace(inside, outlines=tuple(small))
    return replace(explanation, region=region, inside=inside)


def caption_boxes(image: UInt8Array, text: str) -> list[Box]:
    """Where the words that say what a tile shows lie in each of its four corners; nowhere if they have no room."""
    height, width = image.shape[:2]
    size = _caption_size(image)
    wide, high = min(width * 2 // 3, text_width(text, size) + size), round(size * 1.6)
    if wide < 4 * size or high * 3 > height:
        return []
    return [corner_box(corner, image.shape, wide, high, 0) for corner in range(4)]


def draw_caption(image: UInt8Array, text: str, corner: int, colour: Colour) -> None:
    """Write into a corner what a tile shows, in place; nothing where it has no room."""
    if boxes := caption_boxes(image, text):
        box, size = boxes[corner], _caption_size(image)
        chip = image[box.y : box.y + box.height, box.x : box.x + box.width]
        darken(chip)
        write(chip, fitted(text, size, box.width - size), size // 2, round(size * 1.15), colour, size)


def _caption_size(image: UInt8Array) -> int:
    return int(max(SMALLEST, round(min(image.shape[:2]) / 20)))
