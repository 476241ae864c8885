"""Heat as colours over a picture: pure functions on arrays, all in uint8 and BGR once the map is upsampled."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from streamcam.choices import BlendMode
from streamcam.drawing.text import colour_of
from streamcam.errors import OptionError
from streamcam.types import Float32Array, UInt8Array

# A map is a few cells wide. It is smoothed by bicubic interpolation at this many pixels a cell, where that costs
# nothing, and brought to the frame's size linearly.
_FINE = 8


def colormap_names() -> tuple[str, ...]:
    """The names of OpenCV's colour maps, in lower case."""
    return tuple(sorted(name[9:].lower() for name in dir(cv2) if name.startswith("COLORMAP_")))


@lru_cache(maxsize=32)
def colour_table(name: str) -> UInt8Array:
    """``(256, 1, 3)`` uint8 BGR colours of one of OpenCV's maps, cold to hot.

    Raises:
        OptionError: OpenCV has no map of that name.
    """
    if name.lower() not in colormap_names():
        raise OptionError(f"colormap {name}: OpenCV has none of that name; it has {', '.join(colormap_names())}")
    ramp = np.arange(256, dtype=np.uint8)[:, None]
    return cv2.applyColorMap(ramp, getattr(cv2, f"COLORMAP_{name.upper()}")).astype(np.uint8)


@lru_cache(maxsize=32)
def _scaled_table(name: str, alpha: float, *, by_heat: bool) -> UInt8Array:
    """The colours times ``alpha``, and times the heat if wanted: ``(256, 1, 3)`` uint8."""
    weight = alpha * (np.linspace(0, 1, 256) if by_heat else np.ones(256))
    return np.rint(colour_table(name) * weight[:, None, None]).astype(np.uint8)


@lru_cache(maxsize=32)
def _transparency_table(alpha: float) -> UInt8Array:
    """255 where the frame shows fully, less by ``alpha`` times the heat: ``(256, 1, 3)`` uint8."""
    seen = np.rint(255 * (1 - alpha * np.linspace(0, 1, 256))).astype(np.uint8)
    return np.repeat(seen[:, None, None], 3, axis=2)


def upsample(heat: Float32Array, height: int, width: int) -> UInt8Array:
    """Bring a map to a picture's size.

    Args:
        heat: ``(h, w)`` float32 in 0…1.
        height: of the picture, in pixels.
        width: of the picture, in pixels.

    Returns:
        ``(height, width)`` uint8, 0 no evidence, 255 full heat.
    """
    h, w = heat.shape
    fine = cv2.resize(heat, (w * _FINE, h * _FINE), interpolation=cv2.INTER_CUBIC)
    # convertScaleAbs would fold the small negative overshoots of the cubic into positive heat.
    levels = np.rint(np.clip(fine, 0, 1) * 255).astype(np.uint8)
    return cv2.resize(levels, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)


def blend(image: UInt8Array, heat: UInt8Array, *, alpha: float, colormap: str, mode: BlendMode) -> UInt8Array:
    """Lay heat over a picture.

    With ``jet`` the colours of the heat: ``uniform`` gives ``alpha * jet + (1 - alpha) * image``; ``heat`` gives the
    same with ``alpha * heat`` for ``alpha``, so that cold regions keep their colours; ``add`` gives
    ``image + alpha * jet``, saturated.

    Args:
        image: ``(H, W, 3)`` uint8 BGR; it is left as it is.
        heat: ``(H, W)`` uint8.
        alpha: opacity of full heat, 0…1.
        colormap: one of ``colormap_names()``.
        mode: one of the three.

    Returns:
        ``(H, W, 3)`` uint8 BGR, a new array.
    """
    if mode == "uniform":
        colours = cv2.applyColorMap(heat, colour_table(colormap))
        return cv2.addWeighted(image, 1 - alpha, colours, alpha, 0).astype(np.uint8, copy=False)
    if mode == "add":
        light = cv2.applyColorMap(heat, _scaled_table(colormap, alpha, by_heat=False))
        return cv2.add(image, light).astype(np.uint8, copy=False)
    light = cv2.applyColorMap(heat, _scaled_table(colormap, alpha, by_heat=True))
    seen = cv2.applyColorMap(heat, _transparency_table(alpha))
    return cv2.add(cv2.multiply(image, seen, scale=1 / 255), light).astype(np.uint8, copy=False)


def blend_several(image: UInt8Array, heat: Float32Array, *, alpha: float) -> UInt8Array:
    """Lay several maps over a picture, each in its own colour (``streamcam.drawing.text.SEVERAL``), opaque as they are hot.

    Args:
        image: ``(H, W, 3)`` uint8 BGR; it is left as it is.
        heat: ``(K, h, w)`` float32 in 0…1; where maps overlap, the hottest is shown.
        alpha: opacity of full heat, 0…1.

    Returns:
        ``(H, W, 3)`` uint8 BGR, a new array.
    """
    height, width = image.shape[:2]
    h, w = heat.shape[1:]
    fine = [np.clip(cv2.resize(m, (w * _FINE, h * _FINE), interpolation=cv2.INTER_CUBIC), 0, 1) for m in heat]
    hottest, strength = np.argmax(fine, axis=0), np.max(fine, axis=0)[..., None] * alpha
    colours = np.array([colour_of(k) for k in range(len(heat))], np.float32)
    light = np.rint(colours[hottest] * strength).astype(np.uint8)
    seen = np.rint(np.repeat(255 * (1 - strength), 3, axis=2)).astype(np.uint8)
    light, seen = (cv2.resize(m, (width, height), interpolation=cv2.INTER_LINEAR) for m in (light, seen))
    return cv2.add(cv2.multiply(image, seen, scale=1 / 255), light).astype(np.uint8, copy=False)
