"""From settings to the explainer that goes with a classifier."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from streamcam.backends.keras.wrap import wrap_model
from streamcam.errors import OptionError
from streamcam.explain.clips import ClipGradCAM
from streamcam.explain.gradcam import GradCAM
from streamcam.models.classifier import Classifier
from streamcam.settings import ExplainSettings
from streamcam.system.cache import Cache

if TYPE_CHECKING:
    import keras

_OF_CLIPS = ("clip_frames", "clip_stride", "clip_fps", "clip_hop")


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
