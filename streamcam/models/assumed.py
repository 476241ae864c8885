"""Say what was assumed of a model, so that nobody takes a guess for knowledge."""

from __future__ import annotations

import warnings
from functools import cache

from streamcam.errors import StreamcamWarning
from streamcam.models.classifier import Classifier


def say_assumed(classifier: Classifier) -> None:
    """A ``StreamcamWarning`` for each thing that was assumed of a classifier."""
    for line in classifier.assumed:
        say_once(f"{classifier.name}: {line}")


@cache
def say_once(line: str) -> None:
    """A ``StreamcamWarning``, once a process however often a model is loaded."""
    warnings.warn(line, StreamcamWarning, stacklevel=2)
