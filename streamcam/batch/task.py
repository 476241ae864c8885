"""Where one task is done: the model is loaded once, then file after file is annotated."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from streamcam.annotation.file import Part, annotate, make_header
from streamcam.annotation.report import Report
from streamcam.annotation.roi import Inspection, Masks, parse_roi
from streamcam.batch.jobs import Job
from streamcam.batch.settings import Settings, Task
from streamcam.batch.split import Edges, StretchSource
from streamcam.drawing.overlay import make_overlay
from streamcam.explain import GradCAM
from streamcam.explain.gradcam import make_explainer
from streamcam.models.loading import load_classifier
from streamcam.protocols import Steady
from streamcam.steady.heat import AHEAD, steadied, unsteadied
from streamcam.steady.naming import SteadyNaming
from streamcam.system.cache import Cache
from streamcam.types import Explained, Float32Array, Frame, VideoInfo

_NO_INPUTS = {".jsonl", ".h5", ".html", ".parquet"}


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a task.

    Attributes:
        output: the annotated file.
        frames: how many it has.
        seconds: how long it took.
        lost: how many frames the input promises that could not be read.
        model: its name.
        layer: that was explained.
        elsewhere: ``(begin, end)`` in seconds, where too little of the evidence was inside the region of interest.
        edges: of a part, what it was like at both ends.
    """

    output: str
    frames: int
    seconds: float
    lost: int
    model: str
    layer: str | None
    elsewhere: tuple[tuple[float, float], ...] = ()
    edges: dict[str, Any] | None = None


class Workshop:
    """Does tasks, one after the other.

    Args:
        settings: of all of them.
        in_flight: frames to explain at once.
        threads: of the engine; what the settings say if None.
    """

    def __init__(self, settings: Settings, *, in_flight: int = 2, threads: int | None = None) -> None:
        self._settings, self._in_flight = settings, in_flight
        self._explain = settings.explain if threads is None else replace(settings.explain, threads=threads)

    @cached_property
    def explain(self) -> GradCAM:
        """The explainer. Loaded at the first task."""
        settings = self._settings
        return make_explainer(
            self._explain,
            load_classifier(settings.model, cache=settings.explain.cache),
            in_flight=self._in_flight,
            agreed=Cache(Path(settings.agreed)) if settings.agreed else None,
        )

    def do(
        self,
        task: Task,
        *,
        overwrite: bool,
        opened: Callable[[VideoInfo], object] | None = None,
        progress: Callable[[Frame], object] | None = None,
    ) -> Result:
        """Do one task.

        Args:
            task: what to do.
            overwrite: whether existing outputs may be replaced.
            opened: see ``annotate``.
            progress: see ``annotate``.

        Raises:
            StreamcamError: it cannot be done.
            Interrupted: by Ctrl-C.
        """
        settings, explain = self._settings, self.explain
        overlay = make_overlay(settings.picture, explain.labels)
        rois = [parse_roi(text) for text in settings.roi]
        inspection = Inspection(Masks(rois, track=settings.track), alert_below=settings.alert_below) if rois else None
        page = Report(overlay, alert_below=settings.alert_below) if task.outputs.report else None
        names_one = settings.steady and settings.explain.targets == ("top1",)
        naming = Remembered() if names_one else None
        stretch = task.stretch
        edges = Edges(stretch, settings.every, naming.states if naming else ()) if stretch else None
        done = annotate(
            task.source,
            task.outputs,
            explain,
            overlay=overlay,
            encoding=settings.encoding,
            overwrite=overwrite,
            steady=_steady(settings.steady, inspection, page, edges),
            naming=naming,
            every=settings.every,
            name=task.name,
            part=Part(StretchSource(task.source, stretch), range(stretch.first, stretch.end)) if stretch else None,
            opened=opened,
            progress=progress,
        )
        if page and task.outputs.report:
            page.write(task.outputs.report, done.output, make_header(task.name or str(task.source), explain))
        elsewhere = inspection.stretches if inspection else ()
        return Result(
            str(done.output),
            done.frames,
            done.seconds,
            done.lost,
            explain.classifier.name,
            explain.layer,
            tuple((span.begin, span.end) for span in elsewhere),
            edges.to_json() if edges else None,
        )


class Remembered(SteadyNaming):
    """A naming whose states can be looked up.

    Attributes:
        states: which class was named after each explained frame, and for how many frames another has led.
    """

    def __init__(self) -> None:
        super().__init__()
        self.states: list[tuple[int | None, int]] = []

    def update(self, probabilities: Float32Array) -> None:
        """See ``SteadyNaming``."""
        super().update(probabilities)
        self.states.append((self.held, self._led))


def _steady(steady_heat: bool, inspection: Inspection | None, page: Report | None, edges: Edges | None) -> Steady:
    """From raw explanations to shown heat, and those who look on."""

    def steady(stream: Iterable[Explained]) -> Iterator[Explained]:
        shown = steadied(stream, ahead=AHEAD) if steady_heat else unsteadied(stream)
        shown = inspection.measured(shown) if inspection else shown
        shown = edges.observed(shown) if edges else shown
        return page.observed(shown) if page else shown

    return steady


def remove_stale(job: Job) -> None:
    """Remove what runs that were killed have left of outputs which are complete now."""
    for path in job.outputs.files:
        for part in path.parent.glob(f"{_literal(path.stem)}.part*{_literal(path.suffix)}"):
            is_ours = re.fullmatch(r"\.part\d*", part.stem.removeprefix(path.stem))
            namesakes = job.source.parent.glob(f"{_literal(part.stem)}.*")
            # Somebody may have called an input so, whose results these are then.
            if is_ours and all(other == part or other.suffix in _NO_INPUTS for other in namesakes):
                part.unlink(missing_ok=True)


def _literal(name: str) -> str:
    """A name in which nothing stands for something else."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def as_json(result: Result) -> dict[str, Any]:
    """As JSON has it."""
    return asdict(result) | {"elsewhere": [list(pair) for pair in result.elsewhere]}


def from_json(data: dict[str, Any]) -> Result:
    """The other way round."""
    return Result(**(data | {"elsewhere": tuple(tuple(pair) for pair in data["elsewhere"])}))
