"""``streamcam evaluate``: how far explanations can be trusted."""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamcam.cli.console import note, say
from streamcam.cli.options import ExplainOptions, ModelOptions, takes
from streamcam.errors import SinkError

if TYPE_CHECKING:
    from streamcam.evaluate.table import Row
    from streamcam.explain import GradCAM

_OUTPUT = "Output"
_COMPARED = "Compared"

_COLUMNS = (
    ("insertion", "insertion", "high"),
    ("deletion", "deletion", "low"),
    ("drop", "drop", "low"),
    ("increase", "increase", "high"),
    ("road", "ROAD", "high"),
    ("sanity_head", "sanity: head", "low"),
    ("sanity_all", "all layers", "low"),
    ("pointing", "pointing", "high"),
    ("inside", "inside", "high"),
    ("flicker_raw", "flicker: raw", "low"),
    ("flicker_live", "live", "low"),
    ("flicker_file", "file", "low"),
    ("flips_raw", "flips/min: raw", "low"),
    ("flips_steady", "steady", "low"),
    ("lag", "lag", "low"),
    ("kept", "kept", "high"),
)


@takes(without=("model", "method", "layer", "target"), origin=ModelOptions, explanation=ExplainOptions)
def evaluate_command(
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT...", help="Images, videos, folders or globs.")],
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", help="Name or path; repeat to compare.", rich_help_panel=_COMPARED),
    ] = None,
    method: Annotated[
        list[str] | None, typer.Option(help="Formula; repeat to compare.", rich_help_panel=_COMPARED)
    ] = None,
    layer: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Target layer; repeat to compare, a+b to fuse.", rich_help_panel=_COMPARED),
    ] = None,
    frames: Annotated[int, typer.Option(min=1, help="Frames to change and ask the model about.")] = 20,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = 0,
    roi: Annotated[
        list[str] | None,
        typer.Option(metavar="X,Y,W,H|POINTS|MASK", help="Where the evidence ought to lie; repeat for several."),
    ] = None,
    no_sanity: Annotated[bool, typer.Option("--no-sanity", help="Leave out the check with random weights.")] = False,
    json_path: Annotated[
        Path | None, typer.Option("--json", metavar="PATH", help="Write the table as JSON.", rich_help_panel=_OUTPUT)
    ] = None,
    csv_path: Annotated[
        Path | None, typer.Option("--csv", metavar="PATH", help="Write the table as CSV.", rich_help_panel=_OUTPUT)
    ] = None,
    *,
    origin: ModelOptions,
    explanation: ExplainOptions,
) -> None:
    """Measure how faithful and how steady explanations are, and compare models, layers and methods.

    \b
    streamcam evaluate clip.mp4
    streamcam evaluate photos/ --method gradcam --method layercam --csv table.csv
    streamcam evaluate clip.mp4 -m mine.keras -m resnet50 --roi 100,80,200,240

    insertion, deletion: the model's certainty while the hottest places are put in, or taken out.
    drop, increase: what only the hot places leave of it. ROAD: hot against cold places, without artefacts.
    sanity: how alike maps of randomised weights are; near 1, a map shows the picture and not the model.
    flicker: how much maps change beside the motion of the picture, raw, live, and in files.
    """  # noqa: D301 - the backspace keeps the lines of examples as they are
    from streamcam.annotation.roi import parse_roi
    from streamcam.evaluate.table import evaluate
    from streamcam.explain import GradCAM
    from streamcam.sources.inputs import files_of

    paths = [path for given in inputs for path in files_of(given)]
    rois = [parse_roi(text) for text in roi or ()]
    for path in (json_path, csv_path):
        if path and path.exists():
            raise SinkError(f"{path}: exists already; name another file")
    rows = []
    places: list[str | None] = [*layer] if layer else [None]
    for name, formula, place in product(model or ["efficientnet-lite0"], method or ["gradcam"], places):
        classifier = replace(origin, model=name).load(cache=not explanation.no_cache)
        keywords = explanation.keywords() | {"method": formula, "layer": place.split("+") if place else None}

        def explainer(keep: bool, classifier: Any = classifier, keywords: dict[str, Any] = keywords) -> GradCAM:
            return GradCAM(classifier, **keywords, cache=keep and not explanation.no_cache)

        title = " ".join(filter(None, (name, formula, place)))
        with _Line() as line:
            rows.append(
                evaluate(
                    paths,
                    explainer,
                    frames=frames,
                    seed=seed,
                    rois=rois,
                    with_sanity=not no_sanity,
                    progress=lambda text, title=title: line.show(f"{title}: {text}"),  # type: ignore[misc]
                )
            )
    for text in _table(rows):
        say(text)
    if json_path:
        _write(json_path, json.dumps([row.to_dict() for row in rows], indent=2) + "\n")
    if csv_path:
        with csv_path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0].to_dict())
            writer.writeheader()
            writer.writerows(row.to_dict() for row in rows)


def _table(rows: list[Row]) -> Iterator[str]:
    """Measures down, candidates across: there are more measures than candidates."""
    names = [f"{row.method} {row.layer}" for row in rows]
    several_models = len({row.model for row in rows}) > 1
    names = [f"{row.model} {name}" if several_models else name for row, name in zip(rows, names, strict=True)]
    widths = [max(12, len(name)) for name in names]
    if not several_models:
        yield rows[0].model
    yield f"{'':22}" + "  ".join(name.rjust(width) for name, width in zip(names, widths, strict=True))
    for key, title, good in _COLUMNS:
        values = [getattr(row, key) for row in rows]
        if all(value is None for value in values):
            continue
        cells = ["-" if value is None else f"{value:.3f}" for value in values]
        shown = "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        yield f"{title:15}{good:7}{shown}"


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SinkError(f"{path}: cannot be written ({error.strerror})") from error


class _Line:
    """A line of progress that is written over on a terminal, and appears every ten seconds elsewhere."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._live = sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Say what is being done."""
        if self._live:
            print(f"\r\x1b[2K{text[:110]}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self._last > 10:
            self._last = time.monotonic()
            note(text)

    def __enter__(self) -> _Line:
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)
