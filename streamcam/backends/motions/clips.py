"""Made clips of one motion each, on which the small video classifier is trained and measured.

A thing, cut out of a photograph with a soft edge, lies on a crop of a photograph. It stands still, moves in one of ten ways
during an event, and is left there. Directions are the picture's: "left" is towards smaller x.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from streamcam.types import Float32Array, UInt8Array

MOTIONS = (
    *("moves left", "moves right", "moves up", "moves down", "grows", "shrinks"),
    *("turns", "appears", "vanishes", "stays"),
)
LEFT, RIGHT, UP, DOWN, GROWS, SHRINKS, TURNS, APPEARS, VANISHES, STAYS = range(len(MOTIONS))
REVERSED = (
    RIGHT,
    LEFT,
    DOWN,
    UP,
    SHRINKS,
    GROWS,
    TURNS,
    VANISHES,
    APPEARS,
    STAYS,
)  # of a clip that is played backwards
SAMPLES = 16
SIDE = 160

_LEAST_CONTRAST = 20.0  # grey levels
_TRIES = 30


@dataclass(frozen=True, slots=True, eq=False)
class MotionClip:
    """One clip.

    Attributes:
        images: ``(16, 160, 160, 3)`` uint8, BGR.
        label: index in ``MOTIONS``.
        event: the samples during which the motion happens, all of them for "stays".
        boxes: ``(16, 4)`` float32, x0, y0, x1, y1 of the thing in pixels, also where it will be or was.
    """

    images: UInt8Array
    label: int
    event: range
    boxes: Float32Array


@dataclass(frozen=True, slots=True, eq=False)
class _Thing:
    """What moves: ``(h, w, 4)`` BGR times alpha, and alpha in 0…1; its outline ``(N, 2)`` from the middle of that."""

    layers: Float32Array
    outline: Float32Array


@dataclass(frozen=True, slots=True, eq=False)
class _Path:
    """Where it is in each sample: middles ``(16, 2)`` in pixels, scales <= 1, angles in radians, opacities 0…1."""

    middles: Float32Array
    scales: Float32Array
    angles: Float32Array
    opacities: Float32Array

    def matrix(self, i: int) -> Float32Array:
        """What turns and scales sample ``i``, ``(2, 2)``."""
        c, s = np.cos(self.angles[i]), np.sin(self.angles[i])
        return np.asarray(self.scales[i] * np.array([[c, -s], [s, c]]), np.float32)


def make_clip(rng: np.random.Generator, photographs: Sequence[UInt8Array], label: int | None = None) -> MotionClip:
    """A clip of the motion ``label``, or of any, made of pieces of ``photographs``, each ``(H, W, 3)`` uint8 BGR."""
    label = int(rng.integers(len(MOTIONS))) if label is None else label
    for _ in range(_TRIES):
        size, growth = rng.uniform(0.18, 0.45) * SIDE, rng.uniform(1.7, 2.8)
        if label in (GROWS, SHRINKS):
            size = growth * rng.uniform(0.17, min(0.3, 0.6 / growth)) * SIDE
        thing = _thing(rng, photographs, size)
        event, path = _path(rng, label, size, growth)
        ground = _crop(rng, photographs, SIDE, SIDE)
        pictures = []
        for i in range(SAMPLES):
            drawn = _drawn(thing, path, i) * path.opacities[i]
            pictures.append(ground * (1 - drawn[..., 3:]) + drawn[..., :3])
        if _contrast(ground, pictures, thing, path, event) >= _LEAST_CONTRAST:
            break
    outlines = [thing.outline @ path.matrix(i).T + path.middles[i] + 0.5 for i in range(SAMPLES)]
    boxes = np.stack([np.concatenate([outline.min(0), outline.max(0)]) for outline in outlines])
    return MotionClip(_filmed(rng, pictures), label, event, np.clip(boxes, 0, SIDE).astype(np.float32))


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    """A number of ``low…high``, or their middle where there is none between."""
    return float(rng.uniform(low, high)) if high > low else (low + high) / 2


def _crop(rng: np.random.Generator, photographs: Sequence[UInt8Array], width: int, height: int) -> Float32Array:
    """A part of any photograph, mirrored or not, in changed colours: ``(height, width, 3)`` float32 BGR."""
    photograph = photographs[int(rng.integers(len(photographs)))]
    h, w = photograph.shape[:2]
    zoom = min(w / width, h / height)  # source pixels of one of ours, at most
    zoom *= rng.uniform(min(0.95, max(0.4, 0.7 / zoom)), 1.0)
    cut_w, cut_h = max(2, int(width * zoom)), max(2, int(height * zoom))
    x, y = int(rng.integers(w - cut_w + 1)), int(rng.integers(h - cut_h + 1))
    part = photograph[y : y + cut_h, x : x + cut_w]
    part = part[:, ::-1] if rng.random() < 0.5 else part
    part = part[::-1, ::-1] if rng.random() < 0.15 else part
    part = np.asarray(cv2.resize(np.ascontiguousarray(part), (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    hsv = cv2.cvtColor(part, cv2.COLOR_BGR2HSV).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + rng.normal(0, 20)) % 180
    hsv[..., 1] *= rng.uniform(0.4, 1.4)
    pixels = cv2.cvtColor(np.clip(hsv, 0, [179, 255, 255]).astype(np.uint8), cv2.COLOR_HSV2BGR).astype(np.float32)
    mean = pixels.mean()
    pixels = (pixels - mean) * rng.uniform(0.6, 1.3) + mean + rng.normal(0, 25)
    pixels += rng.normal(0, 12, 3).astype(np.float32)  # a cast, which gives grey photographs a colour
    if rng.random() < 0.4:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.4, 1.5)), np.float32)
    return np.clip(pixels, 0, 255).astype(np.float32)


def _outline(rng: np.random.Generator, width: float, height: float) -> Float32Array:
    """An ellipse, a polygon, a blob or a rectangle with round corners, around its middle: ``(N, 2)`` float32."""
    angles = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    radii = np.ones(96)
    kind = rng.integers(4)
    if kind == 1:  # few corners, at uneven distances
        corners = int(rng.integers(3, 8))
        angles = 2 * np.pi * (np.arange(corners) + rng.uniform(-0.3, 0.3, corners)) / corners
        radii = rng.uniform(0.6, 1.0, corners)
    elif kind == 2:
        for k in range(1, 6):
            radii = radii + rng.uniform(-0.3, 0.3) / k * np.cos(k * angles + rng.uniform(0, 6.3))
    elif kind == 3:
        power = rng.uniform(4, 12)
        radii = (np.abs(np.cos(angles)) ** power + np.abs(np.sin(angles)) ** power) ** (-1 / power)
    points = np.stack([radii * np.cos(angles), radii * np.sin(angles)], -1)
    low, high = points.min(0), points.max(0)
    return np.asarray((points - (low + high) / 2) / (high - low) * [width, height], np.float32)


def _thing(rng: np.random.Generator, photographs: Sequence[UInt8Array], size: float) -> _Thing:
    """A piece of a photograph whose longer side is ``size`` pixels, with a margin around it."""
    short = size * rng.uniform(0.6, 1.0)
    width, height = (size, short) if rng.random() < 0.5 else (short, size)
    outline = _outline(rng, width, height)
    w, h = int(width) + 9, int(height) + 9
    corners = np.rint((outline + np.array([w - 1, h - 1]) / 2) * 8).astype(np.int32)  # in eighths of a pixel
    alpha = np.zeros((h, w), np.float32)
    cv2.fillPoly(alpha, [corners], 1.0, cv2.LINE_8, 3)
    alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.6, 1.6)), np.float32)
    return _Thing(np.dstack([_crop(rng, photographs, w, h) * alpha[..., None], alpha]), outline)


def _path(rng: np.random.Generator, label: int, size: float, growth: float) -> tuple[range, _Path]:
    """When and how a thing of ``size`` pixels moves."""
    length = int(rng.integers(2, 7) if label in (APPEARS, VANISHES) else rng.integers(5, 11))
    start = int(rng.integers(SAMPLES - length + 1))
    event = range(SAMPLES) if label == STAYS else range(start, start + length)
    progress = np.clip((np.arange(SAMPLES) - start) / (length - 1), 0, 1)
    if rng.random() < 0.5:
        progress = progress**2 * (3 - 2 * progress)  # smooth start and stop
    half, one = size / 2 + 1, np.ones(SAMPLES)
    scales, angles, opacities = one, one * rng.uniform(0, 2 * np.pi), one
    if label in (LEFT, RIGHT, UP, DOWN):
        middles = _line(rng, label, half, progress)
    else:
        room = min(half * (1.2 if label == TURNS else 1.0), SIDE / 2)
        middles = one[:, None] * rng.uniform(room, max(SIDE - room, room + 1e-3), 2)
    if label == GROWS:
        scales = (1 + (growth - 1) * progress) / growth
    elif label == SHRINKS:
        scales = (growth + (1 - growth) * progress) / growth
    elif label == TURNS:
        angles = angles + rng.choice([-1, 1]) * np.deg2rad(rng.uniform(60, 200)) * progress
    elif label == APPEARS:
        opacities = progress
    elif label == VANISHES:
        opacities = 1 - progress
    return event, _Path(*(np.asarray(a, np.float32) for a in (middles, scales, angles, opacities)))


def _line(rng: np.random.Generator, label: int, half: float, progress: np.ndarray) -> np.ndarray:
    """The middles ``(16, 2)`` of a thing that goes one way, a little obliquely and on a slight curve."""
    far = min(rng.uniform(0.2, 0.6) * SIDE, SIDE - 2 * half)
    aside = far * rng.uniform(-0.3, 0.3)
    bend = far * rng.uniform(-0.1, 0.1) * 4 * progress * (1 - progress)
    begin = _between(rng, half, SIDE - half - far)
    across = _between(rng, half + max(0, -aside), SIDE - half - max(0, aside))
    along = begin + far * (progress if label in (RIGHT, DOWN) else 1 - progress)
    beside = across + aside * progress + bend
    return np.stack([along, beside] if label in (LEFT, RIGHT) else [beside, along], -1)


def _drawn(thing: _Thing, path: _Path, i: int) -> Float32Array:
    """Sample ``i`` of the thing alone, ``(160, 160, 4)`` as its layers."""
    layers = thing.layers
    h, w = layers.shape[:2]
    scale = float(path.scales[i])
    if scale < 0.8:  # shrunk by area first, so that fine texture does not flicker
        size = round(w * scale), round(h * scale)
        layers = np.asarray(cv2.resize(layers, size, interpolation=cv2.INTER_AREA), np.float32)
    small_h, small_w = layers.shape[:2]
    matrix = path.matrix(i) @ np.diag([w / small_w, h / small_h])
    shift = path.middles[i] - matrix @ [(small_w - 1) / 2, (small_h - 1) / 2]
    drawn = cv2.warpAffine(layers, np.column_stack([matrix, shift]), (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    return np.asarray(drawn, np.float32)


def _contrast(ground: Float32Array, pictures: list[Float32Array], thing: _Thing, path: _Path, event: range) -> float:
    """Grey levels between the thing and what lies under it, or between it and itself when turned, on average."""
    i = int(np.argmax(path.opacities * path.scales))
    alpha = _drawn(thing, path, i)[..., 3]
    others = [ground]
    if np.ptp(path.angles) > 0:
        others.append(pictures[event[len(event) // 2 + 1]])
    return min(float((np.abs(pictures[i] - other).mean(-1) * alpha).sum() / max(alpha.sum(), 1.0)) for other in others)


def _filmed(rng: np.random.Generator, pictures: list[Float32Array]) -> UInt8Array:
    """The pictures as a camera sees them, with noise and sometimes a tiny shake: ``(16, 160, 160, 3)`` uint8."""
    noise = rng.uniform(0.5, 4.0)
    shake = rng.uniform(0.1, 0.9) if rng.random() < 0.3 else 0.0
    images = []
    for picture in pictures:
        x, y = rng.uniform(-shake, shake, 2)
        move = np.array([[1, 0, x], [0, 1, y]])
        seen = cv2.warpAffine(picture, move, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT_101) if shake else picture
        grain = rng.standard_normal(picture.shape, np.float32) * noise
        images.append(np.clip(seen + grain + 0.5, 0, 255).astype(np.uint8))
    return np.stack(images)
