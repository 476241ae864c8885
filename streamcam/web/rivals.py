"""The two best classes of the moment, for a comparison that goes on by itself, without flicker."""

from __future__ import annotations

import numpy as np

from streamcam.types import Explanation, Float32Array

_NEW = 0.08  # share of a new frame in the average
_LEAD = 0.05  # of probability: another class takes a place when it leads by more


class Rivals:
    """Averages what the model says, and names two classes. They change when another leads one of them by much."""

    def __init__(self) -> None:
        self._average: Float32Array | None = None
        self._two: tuple[int, ...] = ()

    def see(self, explanation: Explanation) -> None:
        """Take what the model said of one more frame."""
        new = explanation.probabilities
        if self._average is None or self._average.shape != new.shape:
            self._average = new.astype(np.float32)
        else:
            self._average = (_NEW * new + (1 - _NEW) * self._average).astype(np.float32)

    def two(self) -> tuple[int, ...]:
        """The two classes, in a place that each keeps; ``()`` before anything was seen, or where there is one class."""
        average = self._average
        if average is None or average.size < 2:
            return ()
        best = [int(index) for index in np.argsort(-average)[:2]]
        if len(self._two) != 2 or max(self._two) >= average.size:
            self._two = tuple(best)
        for challenger in (index for index in best if index not in self._two):
            weaker = min(self._two, key=lambda index: average[index])
            if average[challenger] > average[weaker] + _LEAD:
                self._two = tuple(challenger if index == weaker else index for index in self._two)
        return self._two
