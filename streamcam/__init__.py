"""See, frame by frame, which part of the picture made an image classifier decide as it did.

The whole program in ten lines::

    from streamcam import GradCAM, VideoSink, VideoSource, load_model, run

    explain = GradCAM(load_model("efficientnet-lite0"))
    with VideoSource("in.mp4") as source, VideoSink("out.mp4", source.info) as sink:
        run(source, explain, [sink])

Frames go from a source through the explainer, which gives raw evidence and probabilities, over the overlay, which
draws, to the sinks. Images are ``(H, W, 3)`` uint8 in BGR order everywhere; times are seconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from streamcam.system.versions import VERSION

if TYPE_CHECKING:
    from streamcam.annotation.file import Annotated, annotate
    from streamcam.annotation.outputs import Outputs
    from streamcam.batch.annotate import AnnotationRun, annotate_all
    from streamcam.batch.outcome import Outcome, Summary
    from streamcam.batch.settings import AnnotationSettings
    from streamcam.drawing.overlay import Overlay
    from streamcam.errors import StreamcamError
    from streamcam.explain import GradCAM
    from streamcam.models import Classifier, load_model, wrap_model
    from streamcam.pipeline.run import run
    from streamcam.sinks import Encoding, HeatmapSink, ImageSink, RecordSink, VideoSink
    from streamcam.sources import ImageSource, LiveSource, VideoSource, open_source
    from streamcam.system.cache import Cache
    from streamcam.types import Explanation, Frame, Region, VideoInfo

__version__ = VERSION

# Loaded at first use: importing streamcam imports none of the libraries it needs to work.
_HOME = {
    "Cache": "system.cache",
    "Classifier": "models",
    "Encoding": "sinks",
    "Explanation": "types",
    "Frame": "types",
    "GradCAM": "explain",
    "HeatmapSink": "sinks",
    "ImageSink": "sinks",
    "ImageSource": "sources",
    "LiveSource": "sources",
    "Overlay": "drawing.overlay",
    "RecordSink": "sinks",
    "Region": "types",
    "StreamcamError": "errors",
    "VideoInfo": "types",
    "VideoSink": "sinks",
    "VideoSource": "sources",
    "Annotated": "annotation.file",
    "AnnotationRun": "batch.annotate",
    "AnnotationSettings": "batch.settings",
    "Outcome": "batch.outcome",
    "Outputs": "annotation.outputs",
    "Summary": "batch.outcome",
    "annotate": "annotation.file",
    "annotate_all": "batch.annotate",
    "load_model": "models",
    "open_source": "sources",
    "run": "pipeline.run",
    "wrap_model": "models",
}

__all__ = [
    "Annotated",
    "AnnotationRun",
    "AnnotationSettings",
    "Cache",
    "Classifier",
    "Encoding",
    "Explanation",
    "Frame",
    "GradCAM",
    "HeatmapSink",
    "ImageSink",
    "ImageSource",
    "LiveSource",
    "Outcome",
    "Outputs",
    "Overlay",
    "RecordSink",
    "Region",
    "StreamcamError",
    "Summary",
    "VideoInfo",
    "VideoSink",
    "VideoSource",
    "annotate",
    "annotate_all",
    "load_model",
    "open_source",
    "run",
    "wrap_model",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'streamcam' has no attribute '{name}'")
    value = getattr(import_module(f"streamcam.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
