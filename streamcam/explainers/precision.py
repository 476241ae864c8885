"""Which precision to compute in: measured on real photographs with the very model, never assumed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from streamcam.backends.engine import Answer, Engine
from streamcam.backends.errors import ConversionError
from streamcam.choices import Precision
from streamcam.explainers.targets import single_target
from streamcam.types import Float32Array, UInt8Array

_log = logging.getLogger(__name__)

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
    def keeps_explanations(self) -> bool:
        """Whether explanations stay what they are."""
        return self.correlation >= LEAST_CORRELATION and self.agreement == 1

    @property
    def is_worth_it(self) -> bool:
        """Whether they do, and come faster."""
        return self.keeps_explanations and self.speedup >= _LEAST_SPEEDUP

    def __str__(self) -> str:
        """In words, for people."""
        return (
            f"{self.speedup:.2f} times as fast as f32, heatmaps correlate with its by {self.correlation:.3f} at least, "
            f"the same top class in {self.agreement:.0%}"
        )


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


def choose(
    compiled: Callable[[Precision], Engine], able: Sequence[Precision], pictures: Sequence[UInt8Array]
) -> Precision:
    """The fastest precision that keeps the explanation.

    Args:
        compiled: gives the function of one target, compiled in a precision; raises ``ConversionError`` where it cannot.
            Several threads call it at once.
        able: what there is to choose from.
        pictures: what to measure on, of the model's input.
    """
    with ThreadPoolExecutor() as threads:
        # What quantises measures by itself, and is made apart.
        begun = {precision: threads.submit(compiled, precision) for precision in {"f32", *able} - {"int8"}}
    reference = begun.pop("f32").result()
    chosen: Precision = "f32"
    speedup = 1.0
    for precision in able:
        if precision == "f32":
            continue
        try:
            candidate = begun[precision].result() if precision in begun else compiled(precision)
            fidelity = compare(reference, candidate, pictures)
        except ConversionError as error:
            _log.info("%s: %s", precision, error)
            continue
        _log.info("%s%s: %s", precision, "" if fidelity.is_worth_it else " is not taken", fidelity)
        if fidelity.is_worth_it and fidelity.speedup > speedup:
            chosen, speedup = precision, fidelity.speedup
    return chosen


def _timed(engine: Engine, picture: UInt8Array, target: int, times: list[float]) -> Answer:
    began = time.perf_counter()
    answer = engine.start(picture, single_target(target))()
    times.append(time.perf_counter() - began)
    return answer
