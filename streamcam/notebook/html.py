"""What a notebook's cell shows: pictures inside of the text, and bars. Colours are those of the notebook's own theme."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

import cv2
import numpy as np

from streamcam.types import UInt8Array

_QUALITY = 88
_TILE = 300  # pixels, of a picture beside others


def png_of(image: UInt8Array) -> bytes:
    """A picture ``(H, W, 3)`` uint8 BGR as PNG."""
    return bytes(cv2.imencode(".png", image)[1])


def jpeg_of(image: UInt8Array) -> bytes:
    """A picture ``(H, W, 3)`` uint8 BGR as JPEG."""
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1])


def data_url(data: bytes, kind: str) -> str:
    """Data as it stands in an ``src``, of a MIME type."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def picture_html(
    heading: str, tiles: Sequence[tuple[str, UInt8Array]], rows: Sequence[tuple[str, float, bool]], facts: str
) -> str:
    """Pictures side by side, each with its title, and the classes with bars under them.

    Args:
        heading: what the heat answers.
        tiles: titles and pictures, ``(H, W, 3)`` uint8 BGR.
        rows: of each class its name, its probability 0…1, and whether it is one that was asked about.
        facts: a line under it all.
    """
    shown = "".join(
        f'<figure style="margin:0 8px 8px 0;display:inline-block;vertical-align:top">'
        f'<img alt="{escape(title)}" style="width:{_TILE}px;max-width:100%" '
        f'src="{data_url(jpeg_of(_at_width(image)), "image/jpeg")}">'
        f'<figcaption style="font-size:85%;opacity:.75">{escape(title)}</figcaption></figure>'
        for title, image in tiles
    )
    bars = "".join(_bar(*row) for row in rows)
    return (
        f'<div style="max-width:100%"><div style="font-weight:600;margin-bottom:6px">{escape(heading)}</div>'
        f'<div>{shown}</div><div role="list" style="max-width:460px">{bars}</div>'
        f'<div style="font-size:85%;opacity:.75;margin-top:4px">{escape(facts)}</div></div>'
    )


def _at_width(image: UInt8Array) -> UInt8Array:
    """No larger than a tile on a fine screen."""
    height, width = image.shape[:2]
    most = _TILE * 3 // 2
    if width <= most:
        return image
    return np.asarray(
        cv2.resize(image, (most, max(1, round(height * most / width))), interpolation=cv2.INTER_AREA), np.uint8
    )


def _bar(name: str, probability: float, asked: bool) -> str:
    colour = "#d98e00" if asked else "#888"
    weight = "600" if asked else "400"
    return (
        f'<div role="listitem" style="display:flex;align-items:center;gap:8px;margin:2px 0">'
        f'<span style="flex:0 0 45%;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;font-weight:{weight}">'
        f"{escape(name)}</span>"
        f'<span style="flex:1;height:10px;background:#8883;border-radius:3px">'
        f'<span style="display:block;height:10px;border-radius:3px;background:{colour};width:{100 * probability:.1f}%"></span>'
        f'</span><span style="flex:0 0 4em;text-align:right">{100 * probability:.1f} %</span></div>'
    )
