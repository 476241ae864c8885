"""From settings to the explainer that goes with a classifier."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from streamcam.backends.keras.wrap import wrap_model
from streamcam.backends.load import load_classifier
from streamcam.errors import OptionError
from streamcam.explainers.clips import ClipGradCAM
from streamcam.explainers.gradcam import GradCAM
from streamcam.models.classifier import Classifier
from streamcam.pipeline.sampling import Sampling
from streamcam.settings import ExplainSettings, ModelSettings
from streamcam.system.cache import Cache

if TYPE_CHECKING:
    import keras

_OF_CLIPS = ("clip_frames", "clip_stride", "clip_fps", "clip_hop")


def sampling_of_model(model: ModelSettings, settings: ExplainSettings) -> Sampling | None:
    """How a stream becomes clips for a model; None for one that looks at single pictures."""
    classifier = load_classifier(model, cache=settings.cache)
    explain = make_explainer(settings, classifier)
    return explain.sampling if isinstance(explain, ClipGradCAM) else None


def make_explainer(
    settings: ExplainSettings, classifier: Classifier | keras.Model, *, in_flight: int = 1, agreed: Cache | None = None
) -> GradCAM:
    """A ``GradCAM``, or for a video classifier a ``ClipGradCAM``.

    Raises:
        ModelError: a video classifier takes no clips of the wanted length.
        OptionError: a setting is outside its range, or is for video classifiers only.
    """
    classifier = classifier if isinstance(classifier, Classifier) else wrap_model(classifier)
    given: dict[str, Any] = asdict(settings) | {"in_flight": in_flight, "agreed": agreed}
    of_clips = {name: given.pop(name) for name in _OF_CLIPS}
    length = of_clips.pop("clip_frames")
    if classifier.frames:
        classifier = classifier if length is None else classifier.with_frames(length)
        return ClipGradCAM(classifier, **given, **of_clips)
    usual = asdict(ExplainSettings())
    for name, value in {"clip_frames": length, **of_clips}.items():
        if value != usual[name]:
            option = name.replace("_", "-")
            raise OptionError(f"{option} {value}: {classifier.name} looks at single pictures, not at clips")
    return GradCAM(classifier, **given)
