"""Annotates one file after another: the model is loaded at the first and kept for all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property

from streamcam.annotation.file import Part, annotate_file
from streamcam.annotation.outputs import Outputs
from streamcam.annotation.roi import Inspection, Masks, parse_roi
from streamcam.backends.load import load_classifier
from streamcam.batch.edges import PartEdges
from streamcam.batch.leftovers import is_own
from streamcam.batch.settings import AnnotationSettings
from streamcam.batch.split import PartSource
from streamcam.batch.task import Task, TaskFailure, TaskOutcome, TaskResult
from streamcam.drawing.overlay import make_overlay
from streamcam.errors import (
    WRONG_USAGE,
    MissingDecoderError,
    MissingLibraryError,
    ModelError,
    OptionError,
    StreamcamError,
    TargetError,
    plain,
)
from streamcam.explainers.gradcam import GradCAM
from streamcam.explainers.make import make_explainer
from streamcam.protocols import Steady
from streamcam.settings import HeatSettings
from streamcam.steady.heat import AHEAD, make_steady
from streamcam.steady.naming import SteadyNaming
from streamcam.system.cache import Cache
from streamcam.types import Explained, Frame, Named, VideoInfo

_OF_SETTINGS = (ModelError, TargetError, OptionError, MissingLibraryError)


class TaskRunner:
    """Does tasks in this process, one after the other.

    Args:
        settings: of all of them.
        in_flight: frames to explain at once.
        threads: of the engine; what the settings say if None.
        explain: the explainer, where there is one already, in place of what the settings say of it.
    """

    def __init__(
        self,
        settings: AnnotationSettings,
        *,
        in_flight: int = 2,
        threads: int | None = None,
        explain: GradCAM | None = None,
    ) -> None:
        self._settings, self._in_flight, self._given = settings, in_flight, explain
        self._explain = settings.explain if threads is None else replace(settings.explain, threads=threads)

    @cached_property
    def explain(self) -> GradCAM:
        """The explainer. Loaded at the first task."""
        if self._given:
            return self._given
        settings = self._settings
        return make_explainer(
            self._explain,
            load_classifier(settings.model, cache=settings.explain.cache),
            in_flight=self._in_flight,
            agreed=Cache(settings.agreed) if settings.agreed else None,
        )

    def attempt(self, task: Task, *, counted: Callable[[int, int | None], object] = lambda *_: None) -> TaskOutcome:
        """Do one task. Errors are in the outcome: the other tasks are still done.

        Args:
            task: what to do.
            counted: called with the number of frames written so far, and of all of them or None where that is unknown.

        Raises:
            Interrupted: by Ctrl-C.
        """
        try:
            return TaskOutcome(task, self._do(task, counted))
        except StreamcamError as error:
            shared = isinstance(error, _OF_SETTINGS) and not isinstance(error, MissingDecoderError)
            failure = TaskFailure(str(error), is_of_settings=shared, is_wrong_usage=isinstance(error, WRONG_USAGE))
            return TaskOutcome(task, failure=failure, cause=error)
        except Exception as error:  # a bug, or a file that breaks a library
            return TaskOutcome(task, failure=TaskFailure(plain(error), unforeseen=True), cause=error)

    def _do(self, task: Task, counted: Callable[[int, int | None], object]) -> TaskResult:
        settings, explain = self._settings, self.explain
        rois = [parse_roi(text) for text in settings.roi]
        inspection = (
            Inspection(
                Masks(rois, track=settings.track, name=task.name or str(task.source), start=settings.start),
                alert_below=settings.alert_below,
            )
            if rois
            else None
        )
        names_one = settings.heat.steady and settings.explain.targets == ("top1",)
        naming = RecordedNaming(ahead=AHEAD) if names_one else None
        part, overlay = task.part, make_overlay(settings.picture, explain.labels)
        states, absolute = naming.states if naming else (), settings.heat.scale == "absolute"
        edges = PartEdges(part, states, overlay, absolute=absolute) if part else None
        total, written = None, 0

        def opened(info: VideoInfo) -> None:
            nonlocal total
            total = _frames_of(info)
            counted(0, total)

        def progress(frame: Frame) -> None:
            nonlocal written
            written += 1
            counted(written, total)

        done = annotate_file(
            task.source,
            task.outputs,
            explain,
            overlay=overlay,
            encoding=settings.encoding,
            overwrite=task.overwrite or (task.again and _are_own(task.outputs)),
            steady=_steady(settings.heat, edges),
            naming=naming,
            every=settings.every,
            inspection=inspection,
            name=task.name,
            start=settings.start,
            end=settings.end,
            part=Part(PartSource(task.source, part), range(part.first, part.end)) if part else None,
            opened=opened,
            progress=progress,
        )
        return TaskResult(
            str(done.output),
            done.frames,
            done.seconds,
            done.lost,
            explain.classifier.name,
            explain.layer,
            tuple((one.begin, one.end) for one in inspection.intervals) if inspection else (),
            edges.borders if edges else None,
        )


class RecordedNaming(SteadyNaming):
    """Names a class steadily, and keeps the states that it went through.

    Attributes:
        states: which class was named on each explained frame.
    """

    def __init__(self, ahead: int) -> None:
        super().__init__(ahead)
        self.states: list[int] = []

    def name(self) -> Named:
        """See ``SteadyNaming``."""
        named = super().name()
        self.states.append(named.index)
        return named


def _steady(heat: HeatSettings, edges: PartEdges | None) -> Steady:
    """From raw explanations to shown heat, and past the edges of a part."""

    def shown(stream: Iterable[Explained]) -> Iterator[Explained]:
        heated = make_steady(heat, ahead=AHEAD)(stream)
        return edges.observed(heated) if edges else heated

    return shown


def _are_own(outputs: Outputs) -> bool:
    """Whether all results that are there are what streamcam has left."""
    return all(is_own(path) for path in outputs.files if os.path.lexists(path))


def _frames_of(info: VideoInfo) -> int | None:
    """How many frames a source will have, as far as it says."""
    if info.frame_count is None and info.duration is not None:
        return round(info.duration * info.frame_rate)
    return info.frame_count
