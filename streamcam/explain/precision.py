"""Which precision to compute in: measured on real photographs with the very model, never assumed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from streamcam.choices import Precision
from streamcam.explain.engines import Answer, Engine
from streamcam.explain.targets import single_target
from streamcam.photographs import photographs
from streamcam.types import Float32Array, UInt8Array

# What `--precision auto` promises of the precision it takes, against f32, on each of the test views.
LEAST_CORRELATION = 0.99
# The same most probable class, unless f32 itself had no more than this between the first two.
TIE = 0.02
# Less than this is not worth a change of numbers.
_LEAST_SPEEDUP = 1.15


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How a precision compares with f32 on the test views.

    Attributes:
        correlation: the smallest Pearson correlation of two heatmaps of the same class.
        agreement: the share of views with the same most probable class.
        speedup: median time of a frame in f32 over that in this precision.
    """

    correlation: float
    agreement: float
    speedup: float

    @property
    def is_kept(self) -> bool:
        """Whether explanations stay what they are, and come faster."""
        return self.correlation >= LEAST_CORRELATION and self.agreement == 1 and self.speedup >= _LEAST_SPEEDUP


def views(height: int, width: int) -> list[UInt8Array]:
    """Fifteen pictures ``(height, width, 3)`` uint8 BGR: each photograph whole, mirrored, and its middle."""
    pictures = []
    for photograph in photographs():
        h, w = photograph.shape[:2]
        middle = photograph[h // 6 : h - h // 6, w // 6 : w - w // 6]
        for part in (photograph, photograph[:, ::-1], middle):
            pictures.append(np.asarray(cv2.resize(np.ascontiguousarray(part), (width, height)), np.uint8))
    return pictures


def compare(reference: Engine, candidate: Engine, pictures: Sequence[UInt8Array]) -> Fidelity:
    """Measure a candidate against the reference, both compiled for one target and the pictures' size."""
    correlations: list[float] = []
    agreements: list[bool] = []
    times: tuple[list[float], list[float]] = ([], [])
    for picture in pictures:
        expected = _timed(reference, picture, -1, times[0])
        index = int(expected[2][0, 0])
        actual = _timed(candidate, picture, index, times[1])
        correlations.append(correlation(expected[0][0], actual[0][0]))
        second, first = np.sort(expected[1])[-2:]
        agreements.append(int(actual[1].argmax()) == index or first - second < TIE)
    # The first call of an engine also warms it up.
    speedup = float(np.median(times[0][1:]) / np.median(times[1][1:]))
    return Fidelity(min(correlations), float(np.mean(agreements)), speedup)


def correlation(a: Float32Array, b: Float32Array) -> float:
    """Pearson correlation of two maps; 1 for two maps of no evidence, 0 where only one has any."""
    a, b = a.ravel() - a.mean(), b.ravel() - b.mean()
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    if norm == 0:
        return float(np.linalg.norm(a) == np.linalg.norm(b))
    return float(a @ b) / norm


def choose(compiled: Callable[[Precision], Engine], able: Sequence[Precision], height: int, width: int) -> Precision:
    """The fastest precision that keeps the explanation.

    Args:
        compiled: gives the function of one target, compiled in a precision.
        able: what the processor has, the fastest first.
        height: of the model's input, in pixels.
        width: of the model's input, in pixels.
    """
    reference = compiled("f32")
    pictures = views(height, width)
    for precision in able:
        if precision != "f32" and compare(reference, compiled(precision), pictures).is_kept:
            return precision
    return "f32"


def _timed(engine: Engine, picture: UInt8Array, target: int, times: list[float]) -> Answer:
    began = time.perf_counter()
    answer = engine.start(picture, single_target(target))()
    times.append(time.perf_counter() - began)
    return answer
