"""Whether a model is fed right: what it says of photographs under each preprocessing that it may have been trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from streamcam.backends.load import load_classifier
from streamcam.explainers.geometry import view_of
from streamcam.models.classifier import Classifier
from streamcam.models.preprocessing import BASIC, PREPROCESSINGS, Preprocessing
from streamcam.settings import ModelSettings
from streamcam.sources import open_source
from streamcam.sources.inputs import files_of
from streamcam.types import Float32Array, UInt8Array


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model says of a photograph that is prepared in one way.

    Attributes:
        preprocessing: the way.
        in_use: whether it is how the model is fed when nothing else is asked for.
        top: the most probable classes with their probabilities, 0…1, best first.
    """

    preprocessing: Preprocessing
    in_use: bool
    top: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class CheckedPhoto:
    """A photograph, prepared in all ways.

    Attributes:
        path: its file.
        readings: one a way.
    """

    path: Path
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """All that a model said.

    Attributes:
        classifier: which, with how it is fed.
        photos: one or more.
    """

    classifier: Classifier
    photos: tuple[CheckedPhoto, ...]


def check_feeding(photos: Sequence[str | Path], *, model: ModelSettings = ModelSettings(), top: int = 3) -> Check:
    """Ask a model about photographs under every preprocessing, in RGB and in BGR.

    Each is brought to the model's own size: squeezed, or its centre where the model's authors feed that.

    Args:
        photos: files, folders or globs; of a video its first frame, for a video classifier as many as it looks at. A photograph
            stands still for it.
        model: which model.
        top: how many classes of each answer are wanted.

    Raises:
        SourceError, ModelError: a photograph or the model cannot be read.

    Example::

        feedings = streamcam.check_feeding(["cat.jpg", "dog.jpg"], model=streamcam.ModelSettings(model="mine.keras"))
    """
    paths = [path for given in photos for path in files_of(given)]
    pictures = [_first_frames(path, 1)[0] for path in paths]
    classifier = load_classifier(model)
    used = classifier.preprocessing
    ways = [how.gray() for how in BASIC.values()] if used.order == "gray" else list(PREPROCESSINGS.values())
    answer = classifier.network.answering(classifier)
    fit = classifier.fit if classifier.fit == "crop" else "stretch"

    def checked(path: Path, picture: UInt8Array) -> CheckedPhoto:
        view = view_of(picture.shape[:2], fit, classifier.input_size, classifier.stride)
        frames = [view.cut(frame) for frame in _first_frames(path, classifier.frames)]
        seen = np.stack(frames) if frames else view.cut(picture)
        readings = [Reading(how, how == used, _top(answer(how.prepare(seen)), classifier, top)) for how in ways]
        return CheckedPhoto(path, tuple(readings))

    return Check(classifier, tuple(checked(path, picture) for path, picture in zip(paths, pictures, strict=True)))


def _first_frames(path: Path, count: int) -> list[UInt8Array]:
    """So many pictures of a file; where there are fewer, the last one again."""
    if not count:
        return []
    with open_source(path) as source:
        found = [frame.image for frame in islice(source, count)]
    return found + found[-1:] * (count - len(found))


def _top(probabilities: Float32Array, classifier: Classifier, count: int) -> tuple[tuple[str, float], ...]:
    order = np.argsort(-probabilities, kind="stable")[:count]
    return tuple((classifier.labels[i], float(probabilities[i])) for i in order)
