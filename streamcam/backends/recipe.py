"""Everything that shapes a Grad-CAM function."""

from __future__ import annotations

from dataclasses import dataclass

from streamcam.choices import Method, Score
from streamcam.models.classifier import Classifier

USUAL_RANKS = 16
SIMILAR = 2**29  # stands for "compared with its rivals", where a target names a class; exact in f32, too
RIVALS = 4  # the most probable classes, without the one that is asked about


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is asked of a classifier.

    Attributes:
        classifier: whose decisions are explained.
        layers: paths of the target layers; none for the last with a spatial map.
        method: name of the formula.
        score: which score is differentiated, where one is.
        size: ``(height, width)`` of the input in pixels.
        targets: how many classes are explained at once.
        ranks: down to which rank a target may name a class. Ranking all classes would take longer than all the rest.
    """

    classifier: Classifier
    layers: tuple[str, ...]
    method: Method
    score: Score
    size: tuple[int, int]
    targets: int
    ranks: int = USUAL_RANKS

    @property
    def needs_openvino(self) -> bool:
        """Whether TensorFlow has no such method."""
        return self.method == "attention"


def score_of(method: Method, score: Score) -> Score:
    """The score that a method takes where this one is asked for: Recipro-CAM, as its paper has it, the probability."""
    return "probability" if method == "recipro-cam" else score
