"""Whether two parts of a video fit: at their border they must name the same class, and show the same heat and corner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from streamcam.batch.split import FilePart
from streamcam.drawing.corner import SteadyCorner
from streamcam.drawing.overlay import Overlay
from streamcam.types import Explained, Verdict

_SAME_HEAT = 1e-3  # of the heat at a border
_TELLING = 0.05  # of full heat: less tells nothing of the scale

Heat: TypeAlias = list[list[list[float]]]  # (K, h, w) in 0…1


@dataclass(frozen=True, slots=True)
class Border:
    """What is shown on the frame at one end of a part.

    Attributes:
        naming: which class is named; None where no class is named steadily.
        heat: as it is shown, ``(K, h, w)`` in 0…1.
        corner: of the picture that is written into.
        certainty: of the model, averaged as the heat is, where the heat's scale is absolute, or None.
        verdict: in words.
    """

    naming: int | None
    heat: Heat
    corner: int = 0
    certainty: float | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Borders:
    """What is shown on the frame before the first one that a part writes, and on the last; None where nothing is."""

    before: Border | None
    after: Border | None


class PartEdges:
    """Looks at the frame before the first one that a part writes, and at the last.

    Args:
        part: the part.
        states: which class was named on each explained frame, filled meanwhile.
        overlay: how the heat is drawn.
        absolute: whether the heat's scale is the same everywhere, so that dark heat tells as much as light.
    """

    def __init__(self, part: FilePart, states: Sequence[int], overlay: Overlay, *, absolute: bool = False) -> None:
        self._part, self._states, self._absolute = part, states, absolute
        self._overlay, self._corner = overlay, SteadyCorner()
        self._count = 0  # of the frames that were explained
        self._shown: dict[int, Border] = {}

    def observed(self, stream: Iterable[Explained]) -> Iterator[Explained]:
        """The same frames, looked at."""
        for frame, explanation in stream:
            self._count += explanation is not None and explanation.index == frame.index
            heat = None if explanation is None else explanation.heat
            if explanation is not None and heat is not None:
                self._overlay.follow(frame.image, explanation, self._corner)
                if frame.index in (self._part.first - 1, self._part.end - 1):
                    naming = self._states[self._count - 1] if self._states else None
                    self._shown[frame.index] = Border(
                        naming,
                        np.round(heat, 5).tolist(),
                        self._corner.corner,
                        explanation.certainty if self._absolute else None,
                        explanation.verdict,
                    )
            yield frame, explanation

    @property
    def borders(self) -> Borders:
        """What was seen, once all frames have passed."""
        return Borders(self._shown.get(self._part.first - 1), self._shown.get(self._part.end - 1))


def fits(earlier: Borders, later: Borders) -> bool:
    """Whether a part begins in the state in which the one before it ends."""
    one, other = earlier.after, later.before
    if one is None or other is None:
        return False
    if (one.naming, one.corner, one.verdict) != (other.naming, other.corner, other.verdict):
        return False
    here, there = np.asarray(one.heat), np.asarray(other.heat)
    if here.shape != there.shape:
        return False
    if one.certainty is not None and other.certainty is not None:
        if abs(one.certainty - other.certainty) > _SAME_HEAT:
            return False
    elif here.max() < _TELLING:
        return False
    # In shares of the heat that there is: they must agree in the scale, too, and evidence may be strong again later.
    return bool(np.abs(here - there).max() <= _SAME_HEAT * max(float(here.max()), _TELLING))
