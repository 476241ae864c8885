"""Whether OpenVINO answers as TensorFlow does: proved on pictures, before a converted graph is trusted and kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from streamcam.backends.ending import MOST_PROBABILITY, largest_difference
from streamcam.backends.engine import Engine
from streamcam.explainers.targets import single_target
from streamcam.photographs import varied

MOST_MAP = 1e-2  # of its maximum, see MOST_PROBABILITY


@dataclass(frozen=True, slots=True)
class Proof:
    """How far two engines are apart.

    Attributes:
        probability: the largest difference of a probability.
        evidence: the largest difference of two maps of the same class, as a share of the larger one's maximum (see ``least``
            of ``prove``).
    """

    probability: float
    evidence: float

    @property
    def holds(self) -> bool:
        """Whether they answer alike."""
        return self.probability <= MOST_PROBABILITY and self.evidence <= MOST_MAP

    def __str__(self) -> str:
        """What differs, in words."""
        if self.probability > MOST_PROBABILITY:
            return f"its probabilities differ by up to {self.probability:.2g}"
        return f"its heatmaps differ by up to {self.evidence:.1%}"

    def facts(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def prove(
    reference: Engine, candidate: Engine, size: tuple[int, int], least: float = 0.0, frames: int = 0, targets: int = 1
) -> Proof:
    """Compare two engines on photographs and on noise.

    Args:
        reference: what is right.
        candidate: what is to be proved.
        size: ``(height, width)`` of their input in pixels.
        least: evidence that a map must reach to be compared by its own maximum rather than by this.
        frames: of a clip, 0 where the input is one picture.
        targets: how many classes both explain at once.
    """
    probability = evidence = 0.0
    for picture in varied(*size, frames):
        expected = reference.start(picture, np.repeat(single_target(-1), targets, axis=0))()
        found = candidate.start(picture, np.repeat(single_target(int(expected[2][0, 0])), targets, axis=0))()
        probability = max(probability, largest_difference(expected[1], found[1]))
        most = max(float(expected[0].max()), float(found[0].max()), least)
        if most > 0:
            evidence = max(evidence, largest_difference(expected[0], found[0]) / most)
    return Proof(probability, evidence)
