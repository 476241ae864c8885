"""Measures as papers publish them, so that figures compare: on the model's own square input, masked after its preprocessing.

The measures of ``faithfulness`` change the picture itself, which is what people see, and take few steps, so that a table is
there in a minute. Their figures are no papers'. These follow the authors' public code:

* *average drop* and *increase*: Chattopadhay et al. 2018 (arXiv:1710.11063), equations 20 and 21, *coherency*, *complexity* and
  *ADCC*: Poppi et al. 2021 (arXiv:2104.10252), equations 3 to 6. The map is stretched to 0…1 and multiplied with the
  prepared input. Coherency is the correlation of the map with that of what is left, mapped to 0…1.
* *RISE's insertion and deletion*: Petsiuk et al. 2018 (arXiv:1806.07421): a row of pixels a step; from a picture blurred by
  an 11x11 kernel of sigma 5, and to one whose prepared input is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import cv2
import numpy as np

from streamcam.explainers.precision import correlation
from streamcam.types import Float32Array

Ask: TypeAlias = Callable[[Float32Array], float]
Explain: TypeAlias = Callable[[Float32Array], Float32Array]

_KERNEL, _SIGMA = 11, 5


@dataclass(frozen=True, slots=True)
class Protocols:
    """What the papers' measures say of one picture, 0…1 each.

    Attributes:
        average_drop: low is good.
        average_increase: high is good.
        coherency: high is good.
        complexity: low is good.
        adcc: the harmonic mean of coherency, 1 - complexity and 1 - average drop; high is good.
        rise_insertion: high is good.
        rise_deletion: low is good.
    """

    average_drop: float
    average_increase: float
    coherency: float
    complexity: float
    adcc: float
    rise_insertion: float
    rise_deletion: float


def protocols(prepared: Float32Array, explain: Explain, ask: Ask) -> Protocols:
    """Measure one picture.

    Args:
        prepared: the model's input, ``(h, w, c)`` float32.
        explain: gives the map of one class for such an input, ``(mh, mw)`` float32 >= 0.
        ask: gives the probability of that class.
    """
    heat = explain(prepared)
    full = stretched(heat, prepared)
    left = np.asarray(prepared * full[..., None], np.float32)
    whole, masked = ask(prepared), ask(left)
    drop = max(0.0, whole - masked) / whole if whole > 0 else 0.0
    alike = correlation(full, stretched(explain(left), prepared)) if full.any() else 0.0
    coherent = (1 + alike) / 2
    complexity = float(full.mean())
    parts = (coherent, 1 - complexity, 1 - drop)
    adcc = 3 / sum(1 / part for part in parts) if min(parts) > 0 else 0.0
    blurred = np.asarray(cv2.filter2D(prepared, -1, _kernel(), borderType=cv2.BORDER_CONSTANT), np.float32).reshape(
        prepared.shape
    )
    return Protocols(
        drop,
        float(masked > whole),
        coherent,
        complexity,
        adcc,
        causal(blurred, prepared, full, ask),
        causal(prepared, np.zeros_like(prepared), full, ask),
    )


def stretched(heat: Float32Array, prepared: Float32Array) -> Float32Array:
    """The map at the input's size, from 0 to 1: the minimum is subtracted."""
    height, width = prepared.shape[:2]
    large = np.asarray(cv2.resize(heat, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    low, high = float(large.min()), float(large.max())
    return (large - low) / np.float32(high - low) if high > low else np.zeros_like(large)


def causal(start: Float32Array, finish: Float32Array, heat: Float32Array, ask: Ask) -> float:
    """Area under the probability while the start becomes the finish, the hottest pixels first, a row of them a step."""
    step = heat.shape[1]
    order = np.argsort(-heat.ravel(), kind="stable")
    now, end = start.copy().reshape(heat.size, -1), finish.reshape(heat.size, -1)
    scores = [ask(now.reshape(start.shape))]
    for first in range(0, heat.size, step):
        some = order[first : first + step]
        now[some] = end[some]
        scores.append(ask(now.reshape(start.shape)))
    return float((np.sum(scores) - scores[0] / 2 - scores[-1] / 2) / (len(scores) - 1))


@cache
def _kernel() -> Float32Array:
    """A Gaussian that is reflected at the kernel's own edges, as a Gaussian filter makes it of a single point."""
    point = np.zeros((_KERNEL, _KERNEL), np.float32)
    point[_KERNEL // 2, _KERNEL // 2] = 1
    size = 2 * 4 * _SIGMA + 1
    return np.asarray(cv2.GaussianBlur(point, (size, size), _SIGMA, borderType=cv2.BORDER_REFLECT), np.float32)
