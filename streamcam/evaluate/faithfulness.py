"""Whether a heatmap shows what the model really uses: change the picture where it is hot, and ask the model again.

``picture`` is the model's input, ``(h, w, 3)`` uint8 BGR; ``heat`` is a map of any resolution, ``(mh, mw)`` float32 >= 0;
``ask`` gives the probability of the explained class for such a picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np

from streamcam.types import Float32Array, UInt8Array

Ask: TypeAlias = Callable[[UInt8Array], float]

STEPS = 16
_ROAD_SHARES = (0.2, 0.4, 0.6, 0.8)
_NOISE = 0.01 * 255  # gray levels, as in ROAD


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """What was measured on one picture.

    Attributes:
        insertion: area under the probability as the hottest places are put into a blurred picture, 0…1; high is good.
            Petsiuk et al. 2018 (arXiv:1806.07421), section 4.1, in 16 steps.
        deletion: area under the probability as the hottest places are replaced by the mean colour, 0…1; low is good.
        drop: relative loss of probability when only the hot places are left, 0…1; low is good. Chattopadhay et al. 2018
            (arXiv:1710.11063), section 5.1, equation 20, for one picture.
        increase: whether the probability rises when only the hot places are left (the same, equation 21).
        road: half the probability that is lost more when the hottest places are imputed away than when the coldest are,
            mean over four shares, -0.5…0.5; high is good. Rong et al. 2022 (arXiv:2202.00449), as combined in
            pytorch-grad-cam.
    """

    insertion: float
    deletion: float
    drop: float
    increase: float
    road: float


def faithfulness(picture: UInt8Array, heat: Float32Array, ask: Ask, random: np.random.Generator) -> Faithfulness:
    """Measure everything on one picture."""
    full = spread(heat, picture)
    whole = ask(picture)
    masked = ask(np.rint(picture * full[..., None]).astype(np.uint8))
    return Faithfulness(
        insertion(picture, full, ask),
        deletion(picture, full, ask),
        max(0.0, whole - masked) / whole if whole > 0 else 0.0,
        float(masked > whole),
        road(picture, full, ask, random),
    )


def spread(heat: Float32Array, picture: UInt8Array) -> Float32Array:
    """The map at the picture's size, ``(h, w)`` float32 in 0…1."""
    height, width = picture.shape[:2]
    large = np.asarray(cv2.resize(heat, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return large / max(float(large.max()), 1e-12)


def insertion(picture: UInt8Array, heat: Float32Array, ask: Ask) -> float:
    """Area under the curve, see ``Faithfulness``; ``heat`` is ``(h, w)`` of the picture."""
    sigma = min(picture.shape[:2]) / 20
    return area(np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8), picture, heat, ask)


def deletion(picture: UInt8Array, heat: Float32Array, ask: Ask) -> float:
    """Area under the curve, see ``Faithfulness``; ``heat`` is ``(h, w)`` of the picture."""
    mean = np.broadcast_to(np.rint(picture.mean(axis=(0, 1))).astype(np.uint8), picture.shape)
    return area(picture, mean, heat, ask)


def area(start: UInt8Array, end: UInt8Array, heat: Float32Array, ask: Ask) -> float:
    """Under the probability while the start becomes the end, hottest places first, by the trapezoid rule.

    ``heat`` is ``(h, w)`` of pictures ``(h, w, 3)``, or ``(T, h, w)`` of clips ``(T, h, w, 3)``.
    """
    ranks = _ranks(heat)
    scores = [
        ask(np.ascontiguousarray(np.where((ranks < share * heat.size)[..., None], end, start)))
        for share in np.linspace(0, 1, STEPS + 1)
    ]
    return float((np.sum(scores) - (scores[0] + scores[-1]) / 2) / STEPS)


def _ranks(heat: Float32Array) -> np.ndarray:
    """Of a map: 0 the hottest place, 1 the next; ties in reading order."""
    ranks = np.empty(heat.size, np.int64)
    ranks[np.argsort(-heat.ravel(), kind="stable")] = np.arange(heat.size)
    return ranks.reshape(heat.shape)


def road(picture: UInt8Array, heat: Float32Array, ask: Ask, random: np.random.Generator) -> float:
    """Remove and debias, see ``Faithfulness``; ``heat`` is ``(h, w)`` of the picture."""
    ranks = _ranks(heat)
    gains = []
    for share in _ROAD_SHARES:
        count = share * heat.size
        coldest, hottest = ranks >= heat.size - count, ranks < count
        gains.append(ask(imputed(picture, coldest, random)) - ask(imputed(picture, hottest, random)))
    return float(np.mean(gains) / 2)


def imputed(picture: UInt8Array, removed: np.ndarray, random: np.random.Generator) -> UInt8Array:
    """The picture without the removed places: each becomes the weighted mean of its eight neighbours, plus noise.

    ROAD's noisy linear imputation: direct neighbours weigh 1/6, diagonal ones 1/12. The linear system is solved by
    relaxation from coarse to fine.

    Args:
        picture: ``(h, w, 3)`` uint8.
        removed: ``(h, w)`` bool.
        random: of the noise.
    """
    known = (~removed).astype(np.float32)
    filled = _relaxed(picture.astype(np.float32), known)
    filled[removed] += random.normal(0, _NOISE, (int(removed.sum()), 3)).astype(np.float32)
    return np.rint(np.clip(filled, 0, 255)).astype(np.uint8)


_NEIGHBOURS = np.array([[1, 2, 1], [2, 0, 2], [1, 2, 1]], np.float32) / 12


def _relaxed(picture: Float32Array, known: Float32Array) -> Float32Array:
    height, width = known.shape
    if min(height, width) <= 8 or known.all():
        mean = picture[known > 0].mean(axis=0) if known.any() else np.full(3, 127.0)
        start = np.where(known[..., None] > 0, picture, mean).astype(np.float32)
    else:
        half = (width + 1) // 2, (height + 1) // 2
        weight = cv2.resize(known, half, interpolation=cv2.INTER_AREA)
        coarse = cv2.resize(picture * known[..., None], half, interpolation=cv2.INTER_AREA)
        coarse = coarse / np.maximum(weight, 1e-6)[..., None]
        solved = _relaxed(coarse.astype(np.float32), (weight > 0).astype(np.float32))
        start = np.where(known[..., None] > 0, picture, cv2.resize(solved, (width, height))).astype(np.float32)
    holes = known[..., None] == 0
    for _ in range(12):
        smooth = cv2.filter2D(start, -1, _NEIGHBOURS, borderType=cv2.BORDER_REFLECT_101)
        start = np.where(holes, smooth, start).astype(np.float32)
    return start
