"""``annotate``: a video or an image in, the annotated one out, shown in a notebook's cell, with its records as a table."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamcam.batch.jobs import check, plan
from streamcam.batch.runner import TaskRunner
from streamcam.batch.settings import AnnotationSettings
from streamcam.batch.task import Task
from streamcam.choices import Every, Layout, Method
from streamcam.errors import MissingLibraryError, SourceError, StreamcamError
from streamcam.explainers.targets import targets_of
from streamcam.models.catalog import BUNDLED
from streamcam.notebook.cell import CellProgress
from streamcam.notebook.html import data_url
from streamcam.notebook.kept import explainer_for
from streamcam.types import Header, Targets

if TYPE_CHECKING:
    from streamcam.notebook.kept import Model

_EMBEDDED = 32 << 20  # bytes: larger videos are not put into the notebook itself
_KINDS = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".webm": "video/webm",
    ".mov": "video/quicktime",
    ".gif": "image/gif",
}
_KINDS |= {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
_PLACES = ("peak", "centroid")


@dataclass(frozen=True, slots=True, repr=False)
class AnnotatedVideo:
    """An annotated video or image, and what was recorded of each of its frames. A notebook's cell shows it.

    Attributes:
        source: the input.
        output: the annotated file.
        header: the settings that it was made with.
        records: one for each frame, as ``--records`` writes them.
        seconds: how long it took.
        lost: how many frames the input promises that could not be read.

    Example::

        result = streamcam.annotate("clip.mp4")
        result.to_pandas().query("label == 'tabby' and strength > 0.5")
    """

    source: Path
    output: Path
    header: Header
    records: tuple[dict[str, Any], ...]
    seconds: float
    lost: int = 0

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One flat row for each frame and class that was asked about.

        ``frame``, ``time``, ``explained``; ``label`` and ``score`` of the most probable class, and the ``verdict``; of the class
        that was asked about ``target``, ``target_score``, ``strength``, ``peak_x``, ``peak_y``, ``centroid_x``, ``centroid_y`` in
        pixels, and ``inside`` a region of interest.
        """
        return [row for record in self.records for row in _rows_of(record)]

    def to_pandas(self) -> Any:
        """``rows`` as a pandas ``DataFrame``. Raises ``MissingLibraryError`` where pandas is not installed."""
        try:
            import pandas
        except ImportError as error:
            raise MissingLibraryError("to_pandas: needs pandas, which is not installed; pip install pandas") from error
        numbers = {name: kind for name, kind in _COLUMNS.items() if kind in ("int64", "float64")}
        return pandas.DataFrame(self.rows, columns=list(_COLUMNS)).astype(numbers)

    def to_arrow(self) -> Any:
        """``rows`` as a ``pyarrow.Table``. Raises ``MissingLibraryError`` where pyarrow is not installed."""
        try:
            import pyarrow
        except ImportError as error:
            raise MissingLibraryError("to_arrow: needs pyarrow, which is not installed; pip install pyarrow") from error
        schema = pyarrow.schema([(name, getattr(pyarrow, kind)()) for name, kind in _COLUMNS.items()])
        return pyarrow.Table.from_pylist(self.rows, schema=schema)

    def __repr__(self) -> str:
        frames = len(self.records)
        speed = f", {frames / self.seconds:.0f} a second" if frames > 1 and self.seconds else ""
        return f"AnnotatedVideo({self.source} -> {self.output}: {frames} frame{'s' * (frames != 1)}{speed})"

    def _repr_html_(self) -> str:
        kind = _KINDS.get(self.output.suffix.lower(), "video/mp4")
        if not self.output.exists():
            return f"<div>{escape(repr(self))}: the file is not there any more</div>"
        small = self.output.stat().st_size <= _EMBEDDED
        place = data_url(self.output.read_bytes(), kind) if small else escape(self.output.as_posix(), quote=True)
        name = escape(self.output.name, quote=True)
        shown = f'<img alt="{name}" style="max-width:100%" src="{place}">'
        if kind.startswith("video"):
            shown = f'<video controls loop style="max-width:100%" aria-label="{name}" src="{place}"></video>'
        return f'<div>{shown}<div style="font-size:85%;opacity:.75">{escape(repr(self))}</div></div>'


# The columns of ``rows``, each with its type in Arrow.
_COLUMNS = {
    "frame": "int64", "time": "float64", "explained": "bool_", "label": "string", "score": "float64", "verdict": "string",
    "target": "string", "target_score": "float64", "strength": "float64", "peak_x": "float64", "peak_y": "float64",
    "centroid_x": "float64", "centroid_y": "float64", "inside": "float64",
}  # fmt: skip


def annotate(
    source: str | PathLike[str],
    output: str | PathLike[str] | None = None,
    targets: Targets | str | int = "top1",
    *,
    model: Model = BUNDLED,
    method: Method = "gradcam",
    layout: Layout = "overlay",
    every: Every = 1,
    start: float = 0.0,
    end: float | None = None,
    settings: AnnotationSettings = AnnotationSettings(),
    overwrite: bool = False,
    progress: bool = True,
) -> AnnotatedVideo:
    """Explain every frame of a video, or an image, write it annotated, and give what shows it in a notebook.

    Args:
        source: the file.
        output: the annotated file; beside the input, as ``clip.cam.mp4``, if None.
        targets: the classes to explain, see ``explain``.
        model: a name, the path of a model file, a Keras model, or a ``Classifier``.
        method: the formula of the heatmap.
        layout: how a frame is laid out, see ``PictureSettings``.
        every: explain each Nth frame only, or (``"auto"``) those whose picture has changed.
        start: of a video, in seconds: what comes before is left out.
        end: of a video, in seconds: what comes after is left out.
        settings: all else; what is given by the arguments above wins where it is not their default.
        overwrite: whether an existing file may be replaced.
        progress: whether a notebook's cell shows a bar meanwhile.

    Raises:
        SourceError: the input cannot be read.
        SinkError: the output cannot be written, or exists and may not be replaced.
        ModelError, TargetError, OptionError: the model, its classes or a setting.

    Example::

        streamcam.annotate("clip.mp4", targets=["tiger", "zebra"], layout="panels")
    """
    settings = _merged(settings, targets=targets, method=method, layout=layout, every=every, start=start, end=end)
    settings.check()
    place = None if output is None else Path(fspath(output))
    [job] = _planned(Path(fspath(source)), place)
    check(job, may_replace=lambda _: overwrite)
    bar = CellProgress(job.source.name, wanted=progress)
    with tempfile.TemporaryDirectory(prefix="streamcam-") as folder:
        records = Path(folder) / "records.jsonl"
        task = Task(0, job.source, replace(job.outputs, records=records), overwrite=overwrite)
        runner = TaskRunner(settings, explain=explainer_for(model, settings.explain))
        try:
            done = runner.attempt(task, counted=bar.count)
        finally:
            bar.end()
        if done.result is None:
            assert done.failure
            raise done.cause or StreamcamError(done.failure.reason)
        header, *lines = records.read_text(encoding="utf-8").splitlines()
    rows = tuple(json.loads(line) for line in lines)
    return AnnotatedVideo(
        job.source, job.outputs.media, json.loads(header), rows, done.result.seconds, done.result.lost
    )


def _planned(source: Path, output: Path | None) -> Sequence[Any]:
    """The one job of an input. Raises what is wrong with it."""
    found = plan([source], output)
    if found.problems:
        raise found.problems[0].error
    if [one.source for one in found.jobs] != [source]:
        raise SourceError(f"{source}: is no single file; annotate_all takes folders and globs")
    return found.jobs


def _merged(
    settings: AnnotationSettings, *, layout: Layout, every: Every, start: float, end: float | None, **explain: Any
) -> AnnotationSettings:
    """Settings, and what is given besides and is not its default."""
    usual = AnnotationSettings()
    explain["targets"] = targets_of(explain["targets"])
    changed = {name: value for name, value in explain.items() if value != getattr(usual.explain, name)}
    own: dict[str, Any] = {"every": every, "start": start, "end": end}
    return replace(
        settings,
        explain=replace(settings.explain, **changed),
        picture=settings.picture if layout == usual.picture.layout else replace(settings.picture, layout=layout),
        **{name: value for name, value in own.items() if value != getattr(usual, name)},
    )


def _rows_of(record: dict[str, Any]) -> list[dict[str, Any]]:
    best = record["top"][0] if record["top"] else {}
    common = {name: record.get(name) for name in ("frame", "time", "explained")}
    common |= {"label": best.get("label"), "score": best.get("score"), "verdict": record.get("verdict")}
    rows = []
    for target in record["targets"] or [{}]:
        places = {
            f"{name}_{axis}": value
            for name in _PLACES
            for axis, value in zip("xy", target.get(name) or (None, None), strict=True)
        }
        asked = {"target": target.get("label"), "target_score": target.get("score")}
        rows.append(common | asked | {"strength": target.get("strength")} | places | {"inside": target.get("inside")})
    return rows
