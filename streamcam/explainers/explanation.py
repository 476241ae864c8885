"""From the answer of a compiled function to an explanation: which classes, how probable, how strong, and where."""

from __future__ import annotations

import numpy as np

from streamcam.backends.engine import Answer
from streamcam.backends.recipe import SIMILAR
from streamcam.choices import Method
from streamcam.explainers.geometry import View
from streamcam.explainers.strength import Reference, sharpened, strengths
from streamcam.explainers.targets import NO_CLASS
from streamcam.models.assumed import say_once
from streamcam.types import LEAST_EVIDENCE, RIVALS_OF, Explanation, Int32Array

_ENDED = 1 - 1e-5  # of a probability that has come to its end


def explanation_of(
    answer: Answer,
    wanted: Int32Array,
    view: View,
    reference: Reference,
    method: Method,
    *,
    wider: float = 1.0,
    index: int = 0,
    time: float = 0.0,
) -> Explanation:
    """The explanation of one frame.

    Args:
        answer: of an ``Engine``.
        wanted: ``(K, 3)`` int32, the targets, see ``resolve_targets``.
        view: what the model saw.
        reference: what strength is measured against.
        method: the formula of the maps.
        wider: how many times as many places the model saw as in a picture of its own size.
        index: of the frame.
        time: of the frame, in seconds.
    """
    heatmaps, said, resolved = answer
    probabilities = sharpened(said, wider)
    classes, against = resolved[:, 0], wanted[:, 2] < 0
    compared = np.where(wanted[:, 1] == NO_CLASS, -1, resolved[:, 1])
    versus = np.where(wanted[:, 1] == SIMILAR, RIVALS_OF, compared).astype(np.int32)
    strength, certainty = strengths(
        probabilities, classes, ~against & (versus == -1), reference.share(heatmaps, method)
    )
    return Explanation(
        heatmaps,
        classes,
        probabilities[classes],
        probabilities,
        view.region,
        index,
        time,
        versus,
        against,
        strength=strength,
        certainty=certainty,
    )


def say_saturated(explanation: Explanation, name: str) -> None:
    """Say that a probability of 1 has no gradient, where the most probable class of a model is asked about."""
    if explanation.scores[0] > _ENDED and explanation.heatmaps[0].max() < LEAST_EVIDENCE:
        say_once(
            f"{name}: so sure that nothing changes its probability, so no evidence is shown "
            "(--score logit shows what speaks for the class)"
        )
