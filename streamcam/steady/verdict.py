"""What a certainty means in words: sure, unsure, or no idea.

The thresholds were measured with the bundled model on 1,000 photographs of one known object each and 200 pictures of nothing
(noise, flat colour, blur, tiny parts, gradients), by ``tests/benchmarks/certainty.py``: of the photographs with a certainty
of 0.7 or more, the model was right on 95 %; under 0.35 are 98 % of the nothings, 1 % of the photographs that it was right
on, and 18 % of those that it was wrong on.
"""

from __future__ import annotations

from streamcam.errors import OptionError
from streamcam.types import Verdict

HOLD = 0.15
_FULL = 1.5  # times the threshold of no idea: from there on heat is shown as it is


class Judge:
    """Gives verdicts on the certainties of one video in their order; near a threshold the last one stays.

    Args:
        sure: certainty from which on the model is sure.
        no_idea: certainty under which it has no idea.
        hold: of a threshold, by which a certainty must pass it before another verdict is given.

    Raises:
        OptionError: they are no thresholds.
    """

    def __init__(self, sure: float, no_idea: float, *, hold: float = HOLD) -> None:
        if not 0 <= no_idea <= sure <= 1:
            raise OptionError(
                f"sure {sure:g}, no-idea {no_idea:g}: certainties go from 0 to 1, and no-idea must not be above sure"
            )
        self._sure, self._no_idea, self._hold = sure, no_idea, hold
        self._last: Verdict | None = None

    def verdict(self, certainty: float, *, afresh: bool = False) -> Verdict:
        """The verdict on the next certainty; ``afresh`` where it has nothing to do with the one before."""
        last = None if afresh else self._last
        sure = self._sure * {"sure": 1 - self._hold, None: 1.0}.get(last, 1 + self._hold)
        no_idea = self._no_idea * {"no idea": 1 + self._hold, None: 1.0}.get(last, 1 - self._hold)
        self._last = "sure" if certainty >= min(sure, 1.0) else "no idea" if certainty < no_idea else "unsure"
        return self._last

    def fade(self, certainty: float) -> float:
        """What share of the heat is shown: none where the model may be said to have no idea, and all of it soon above.

        So that heat comes and goes without a jump.
        """
        none, full = (1 + self._hold) * self._no_idea, _FULL * self._no_idea
        return 1.0 if certainty >= full else max(0.0, (certainty - none) / (full - none))
