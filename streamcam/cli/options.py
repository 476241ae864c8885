"""The options that several commands share, each group a dataclass, and how a command takes them."""

from __future__ import annotations

import inspect
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from streamcam.choices import BlendMode, EngineName, Fit, Layout, Method, PrecisionChoice, PreprocessName, Score

if TYPE_CHECKING:
    from streamcam.drawing.overlay import Overlay
    from streamcam.explain import GradCAM
    from streamcam.live.explainer import Prepare, Targets
    from streamcam.models import Classifier
    from streamcam.sources.live.live import LiveSource

_MODEL = "Model"
_EXPLANATION = "Explanation"
_SPEED = "Speed"
_PICTURE = "Picture"
_SOURCE = "Source"


def takes(*, without: tuple[str, ...] = (), **groups: type) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a command take groups of options: each parameter named here becomes the options of its dataclass.

    Args:
        without: options that the command does not take, or takes in its own way; they keep their defaults.
        groups: a dataclass for each parameter.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        parameters = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name not in groups]
        for group in groups.values():
            hints = get_type_hints(group, include_extras=True)
            parameters += [
                inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name])
                for f in fields(group)
                if f.name not in without
            ]

        @wraps(command)
        def taken(**values: Any) -> Any:
            grouped = {
                name: group(**{f.name: values.pop(f.name) for f in fields(group) if f.name not in without})
                for name, group in groups.items()
            }
            return command(**values, **grouped)

        taken.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
        )
        taken.__annotations__ = {p.name: p.annotation for p in parameters}
        return taken

    return decorate


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """Which classifier."""

    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME|PATH",
            help="A name ('streamcam models' lists them), or a .keras or .h5 file.",
            rich_help_panel=_MODEL,
        ),
    ] = "efficientnet-lite0"
    weights: Annotated[
        str,
        typer.Option(
            metavar="imagenet|none|PATH",
            help="For a model by name: trained, random, or from a file.",
            rich_help_panel=_MODEL,
        ),
    ] = "imagenet"
    labels: Annotated[
        Path | None,
        typer.Option(help="Class names: text, one a line, or JSON. ImageNet's are built in.", rich_help_panel=_MODEL),
    ] = None
    preprocess: Annotated[
        PreprocessName | None,
        typer.Option(help="How pixels become input; found from the model if not given.", rich_help_panel=_MODEL),
    ] = None
    trust_model: Annotated[
        bool,
        typer.Option(
            "--trust-model", help="Let a model file run code of its own (Lambda layers).", rich_help_panel=_MODEL
        ),
    ] = False

    def keywords(self) -> dict[str, Any]:
        """What ``load_model`` takes, in types that JSON has."""
        return {
            "model": self.model,
            "weights": self.weights,
            "labels": str(self.labels) if self.labels else None,
            "preprocess": self.preprocess,
            "trust": self.trust_model,
        }

    def load(self, *, cache: bool = True) -> Classifier:
        """The classifier that was asked for."""
        from streamcam.models import load_model

        return load_model(**self.keywords(), cache=cache)


@dataclass(frozen=True, slots=True)
class ExplainOptions:
    """What is explained, and how."""

    layer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Target layer, outer/inner for a nested one; repeat to fuse several.",
            show_default="the last with a spatial map",
            rich_help_panel=_EXPLANATION,
        ),
    ] = None
    method: Annotated[Method, typer.Option(help="Formula of the heatmap.", rich_help_panel=_EXPLANATION)] = "gradcam"
    score: Annotated[
        Score,
        typer.Option(help="Which score is differentiated: before or after softmax.", rich_help_panel=_EXPLANATION),
    ] = "logit"
    target: Annotated[
        list[str] | None,
        typer.Option(
            metavar="top1|LABEL|INDEX",
            help="Class to explain; repeat for several. 'tiger vs zebra': what speaks for the one rather than the "
            "other. 'not tiger': what speaks against it.",
            show_default="top1",
            rich_help_panel=_EXPLANATION,
        ),
    ] = None
    fit: Annotated[
        Fit,
        typer.Option(
            help="What the model sees: the whole frame undistorted, squeezed, or its centre.",
            rich_help_panel=_EXPLANATION,
        ),
    ] = "native"
    size: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Short side of the model's input in pixels; the model's own if not given.",
            rich_help_panel=_EXPLANATION,
        ),
    ] = None
    engine: Annotated[
        EngineName, typer.Option(help="What runs it: OpenVINO on a CPU, TensorFlow on a GPU.", rich_help_panel=_SPEED)
    ] = "auto"
    precision: Annotated[
        PrecisionChoice,
        typer.Option(help="auto: half precision where it was measured to keep the heatmaps.", rich_help_panel=_SPEED),
    ] = "auto"
    threads: Annotated[
        int,
        typer.Option(
            min=0, metavar="N", help="Threads of the engine.", show_default="one a core", rich_help_panel=_SPEED
        ),
    ] = 0
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Keep no converted model on disk.", rich_help_panel=_SPEED)
    ] = False

    def keywords(self) -> dict[str, Any]:
        """What ``GradCAM`` takes, in types that JSON has."""
        return {
            "layer": self.layer,
            "method": self.method,
            "score": self.score,
            "targets": self.target or ["top1"],
            "fit": self.fit,
            "size": self.size,
            "engine": self.engine,
            "precision": self.precision,
            "threads": self.threads,
        }

    def explainer(self, classifier: Classifier, *, in_flight: int = 1) -> GradCAM:
        """The explainer that was asked for."""
        from streamcam.explain import GradCAM

        return GradCAM(classifier, **self.keywords(), in_flight=in_flight, cache=not self.no_cache)

    def sized(self, classifier: Classifier) -> Callable[[int | None], GradCAM]:
        """Explainers by the short side of their input, for live pictures: one core is left to the picture."""
        from streamcam.explain import GradCAM

        keywords = self.keywords()
        keywords["threads"] = keywords["threads"] or max(1, (os.cpu_count() or 2) - 1)

        @cache
        def explainer(size: int | None) -> GradCAM:
            return GradCAM(classifier, **(keywords | ({"size": size} if size else {})), cache=not self.no_cache)

        return explainer

    def aside(self, model: ModelOptions) -> Prepare | None:
        """Converts graphs in another process, which holds up nothing, where there is a cache to find them in."""
        from streamcam.explain.prepare import prepare
        from streamcam.system.cache import default_folder

        if self.no_cache:
            return None

        def convert(
            size: int | None, shape: tuple[int, int], targets: Targets, method: Method, stopped: threading.Event
        ) -> None:
            explain = self.keywords() | {"method": method} | ({"size": size} if size else {})
            prepare(model.keywords(), explain, shape, targets, default_folder(), stopped)

        return convert


@dataclass(frozen=True, slots=True)
class PictureOptions:
    """How it is drawn."""

    alpha: Annotated[float, typer.Option(metavar="0…1", help="Opacity of the heatmap.", rich_help_panel=_PICTURE)] = 0.5
    colormap: Annotated[
        str,
        typer.Option(metavar="NAME", help="Any of OpenCV's: jet, turbo, viridis, inferno, …", rich_help_panel=_PICTURE),
    ] = "jet"
    blend: Annotated[
        BlendMode,
        typer.Option(help="Even opacity, opacity that grows with the heat, or added light.", rich_help_panel=_PICTURE),
    ] = "uniform"
    top_k: Annotated[int, typer.Option(metavar="N", help="How many labels are shown.", rich_help_panel=_PICTURE)] = 3
    no_hud: Annotated[
        bool, typer.Option("--no-hud", help="Write nothing on the picture.", rich_help_panel=_PICTURE)
    ] = False

    layout: Annotated[
        Layout,
        typer.Option(
            help="Heat over the picture; beside it, each target by itself; or the picture alone.",
            rich_help_panel=_PICTURE,
        ),
    ] = "overlay"
    no_steady: Annotated[
        bool,
        typer.Option(
            "--no-steady", help="Each frame's own map and class, stretched to full heat.", rich_help_panel=_PICTURE
        ),
    ] = False

    def keywords(self) -> dict[str, Any]:
        """What ``Overlay`` takes besides the labels, in types that JSON has."""
        return {
            "alpha": self.alpha,
            "colormap": self.colormap,
            "mode": self.blend,
            "top_k": self.top_k,
            "hud": not self.no_hud,
            "layout": self.layout,
        }

    def overlay(self, labels: tuple[str, ...]) -> Overlay:
        """The overlay that was asked for."""
        from streamcam.drawing.overlay import Overlay

        return Overlay(labels, **self.keywords())


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """How a live source is opened."""

    width: Annotated[
        int | None, typer.Option(min=16, help="Ask the camera for this width.", rich_help_panel=_SOURCE)
    ] = None
    height: Annotated[
        int | None, typer.Option(min=16, help="Ask the camera for this height.", rich_help_panel=_SOURCE)
    ] = None
    fps: Annotated[float | None, typer.Option(help="Ask the camera for this rate.", rich_help_panel=_SOURCE)] = None
    mirror: Annotated[
        bool, typer.Option("--mirror", help="Flip left and right, as in a mirror.", rich_help_panel=_SOURCE)
    ] = False
    loop: Annotated[bool, typer.Option("--loop", help="Start a file again at its end.", rich_help_panel=_SOURCE)] = (
        False
    )
    realtime: Annotated[
        bool,
        typer.Option("--realtime", help="Play a file in real time: what 'live' does anyway.", rich_help_panel=_SOURCE),
    ] = True
    stall_timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="Silence after which a source is opened again.", rich_help_panel=_SOURCE),
    ] = 5.0
    give_up_after: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Stop after so long without a picture.",
            show_default="never",
            rich_help_panel=_SOURCE,
        ),
    ] = None

    def open(self, given: str) -> LiveSource:
        """The source that was asked for."""
        from streamcam.sources.live.capture import CaptureSettings
        from streamcam.sources.live.live import LiveSource

        settings = CaptureSettings(
            width=self.width,
            height=self.height,
            fps=self.fps,
            mirror=self.mirror,
            loop=self.loop,
            stall_timeout=self.stall_timeout,
            give_up_after=self.give_up_after,
        )
        return LiveSource(given, settings)
