"""See, frame by frame, which part of the picture made an image classifier decide as it did.

The whole program in ten lines::

    from streamcam import GradCAM, VideoSink, VideoSource, load_model, run

    explain = GradCAM(load_model("efficientnet-lite0"))
    with VideoSource("in.mp4") as source, VideoSink("out.mp4", source.info) as sink:
        run(source, explain, [sink])

One picture, in a notebook's cell or anywhere else::

    import streamcam

    result = streamcam.explain("cat.jpg")
    print(result.top(3), result.verdict)

Frames go from a source through the explainer, which gives raw evidence and probabilities, over the overlay, which
draws, to the sinks. Images are ``(H, W, 3)`` uint8 in BGR order everywhere; times are seconds.

``annotate`` shows an annotated video in a cell, ``preview`` a camera. What the commands do is a function each:
``annotate_all``, ``watch``, ``serve``, ``evaluate_models``, ``bench``, ``check_feeding``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from streamcam.system.versions import VERSION

if TYPE_CHECKING:
    from streamcam.annotation.file import Annotated, annotate_file
    from streamcam.annotation.outputs import Outputs
    from streamcam.backends.keras.wrap import wrap_model
    from streamcam.backends.load import load_model
    from streamcam.batch.annotate import AnnotationRun, annotate_all
    from streamcam.batch.outcome import Outcome
    from streamcam.batch.selection import Selection
    from streamcam.batch.settings import AnnotationSettings
    from streamcam.diagnose.bench import bench
    from streamcam.diagnose.check import check_feeding
    from streamcam.drawing.overlay import Overlay
    from streamcam.errors import StreamcamError
    from streamcam.evaluate.compare import evaluate_models
    from streamcam.explainers import ClipGradCAM, GradCAM
    from streamcam.live.watch import LiveResult, watch
    from streamcam.models.classifier import Classifier
    from streamcam.notebook.explain import explain, explain_all
    from streamcam.notebook.picture import ExplainedPicture
    from streamcam.notebook.preview import preview
    from streamcam.notebook.video import AnnotatedVideo, annotate
    from streamcam.pipeline.run import run
    from streamcam.settings import (
        CaptureSettings,
        Encoding,
        ExhibitSettings,
        ExplainSettings,
        ModelSettings,
        PageSettings,
        PictureSettings,
    )
    from streamcam.sinks import HeatmapSink, ImageSink, RecordSink, VideoSink
    from streamcam.sources import AnimationSource, ImageSource, LiveSource, VideoSource, open_source
    from streamcam.sources.arrays import frames
    from streamcam.steady.heat import steadied, unsteadied
    from streamcam.system.cache import Cache
    from streamcam.types import ClipExplanation, Explanation, Frame, Region, VideoInfo
    from streamcam.web.serve import Served, serve

__version__ = VERSION

# Loaded at first use: importing streamcam imports none of the libraries it needs to work.
_HOME = {
    "Annotated": "annotation.file",
    "annotate_file": "annotation.file",
    "Outputs": "annotation.outputs",
    "AnnotationRun": "batch.annotate",
    "annotate_all": "batch.annotate",
    "Outcome": "batch.outcome",
    "Selection": "batch.selection",
    "AnnotationSettings": "batch.settings",
    "bench": "diagnose.bench",
    "check_feeding": "diagnose.check",
    "Overlay": "drawing.overlay",
    "StreamcamError": "errors",
    "evaluate_models": "evaluate.compare",
    "ClipGradCAM": "explainers",
    "GradCAM": "explainers",
    "LiveResult": "live.watch",
    "watch": "live.watch",
    "Classifier": "models.classifier",
    "explain": "notebook.explain",
    "explain_all": "notebook.explain",
    "ExplainedPicture": "notebook.picture",
    "preview": "notebook.preview",
    "AnnotatedVideo": "notebook.video",
    "annotate": "notebook.video",
    "load_model": "backends.load",
    "wrap_model": "backends.keras.wrap",
    "run": "pipeline.run",
    "CaptureSettings": "settings",
    "Encoding": "settings",
    "ExhibitSettings": "settings",
    "ExplainSettings": "settings",
    "ModelSettings": "settings",
    "PageSettings": "settings",
    "PictureSettings": "settings",
    "HeatmapSink": "sinks",
    "ImageSink": "sinks",
    "RecordSink": "sinks",
    "VideoSink": "sinks",
    "frames": "sources.arrays",
    "AnimationSource": "sources",
    "ImageSource": "sources",
    "LiveSource": "sources",
    "VideoSource": "sources",
    "open_source": "sources",
    "steadied": "steady.heat",
    "unsteadied": "steady.heat",
    "Cache": "system.cache",
    "ClipExplanation": "types",
    "Explanation": "types",
    "Frame": "types",
    "Region": "types",
    "VideoInfo": "types",
    "Served": "web.serve",
    "serve": "web.serve",
}

__all__ = [
    "AnimationSource",
    "Annotated",
    "AnnotatedVideo",
    "AnnotationRun",
    "AnnotationSettings",
    "Cache",
    "CaptureSettings",
    "Classifier",
    "ClipExplanation",
    "ClipGradCAM",
    "Encoding",
    "ExhibitSettings",
    "ExplainSettings",
    "ExplainedPicture",
    "Explanation",
    "Frame",
    "GradCAM",
    "HeatmapSink",
    "ImageSink",
    "ImageSource",
    "LiveResult",
    "LiveSource",
    "ModelSettings",
    "Outcome",
    "Outputs",
    "Overlay",
    "PageSettings",
    "PictureSettings",
    "RecordSink",
    "Region",
    "Selection",
    "Served",
    "StreamcamError",
    "VideoInfo",
    "VideoSink",
    "VideoSource",
    "annotate",
    "annotate_all",
    "annotate_file",
    "bench",
    "check_feeding",
    "evaluate_models",
    "explain",
    "explain_all",
    "frames",
    "load_model",
    "open_source",
    "preview",
    "run",
    "serve",
    "steadied",
    "unsteadied",
    "watch",
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
