"""``streamcam evaluate``: how far explanations can be trusted."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from streamcam.choices import Method
from streamcam.cli import completion
from streamcam.cli.console import note, say
from streamcam.cli.grouping import takes
from streamcam.cli.options import EXPLANATION, MODEL
from streamcam.errors import SinkError
from streamcam.settings import ExplainSettings, ModelSettings

if TYPE_CHECKING:
    from streamcam.evaluate.table import Row

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
    ("moment", "moment", "high"),
    ("order", "order", "high"),
    ("shuffled", "same shuffled", "low"),
    ("flicker_raw", "flicker: raw", "low"),
    ("flicker_live", "live", "low"),
    ("flicker_file", "file", "low"),
    ("flips_raw", "flips/min: raw", "low"),
    ("flips_steady", "steady", "low"),
    ("lag", "lag", "low"),
    ("kept", "kept", "high"),
    ("average_drop", "average drop", "low"),
    ("average_increase", "increase", "high"),
    ("coherency", "coherency", "high"),
    ("complexity", "complexity", "low"),
    ("adcc", "ADCC", "high"),
    ("rise_insertion", "RISE insertion", "high"),
    ("rise_deletion", "RISE deletion", "low"),
)
_TRIED: tuple[Method, ...] = ("gradcam", "hirescam", "layercam")  # by --recommend, where no method is named


@takes(origin=MODEL.without("model"), explanation=EXPLANATION.without("method", "layer", "targets"))
def evaluate_command(
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT...", help="Images, videos, folders or globs.")],
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            autocompletion=completion.models,
            help="Name or path; repeat to compare.",
            rich_help_panel=_COMPARED,
        ),
    ] = None,
    method: Annotated[
        list[str] | None, typer.Option(help="Formula, as of annotate; repeat to compare.", rich_help_panel=_COMPARED)
    ] = None,
    layer: Annotated[
        list[str] | None,
        typer.Option(
            autocompletion=completion.layers,
            metavar="NAME",
            help="Target layer; repeat to compare, a+b to fuse.",
            rich_help_panel=_COMPARED,
        ),
    ] = None,
    frames: Annotated[int, typer.Option(min=1, help="Frames to change and ask the model about.")] = 20,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = 0,
    roi: Annotated[
        list[str] | None,
        typer.Option(metavar="X,Y,W,H|POINTS|MASK", help="Where the evidence ought to lie; repeat for several."),
    ] = None,
    event: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BEGIN-END",
            help="When the evidence of a video classifier ought to lie, in seconds; repeat for several.",
        ),
    ] = None,
    no_sanity: Annotated[bool, typer.Option("--no-sanity", help="Leave out the check with random weights.")] = False,
    protocols: Annotated[
        bool,
        typer.Option(
            "--protocols", help="Measure as papers do, too: average drop, ADCC, RISE; seconds for each frame."
        ),
    ] = False,
    recommend: Annotated[
        bool,
        typer.Option(
            "--recommend",
            help="Compare methods and layers of one model on your pictures, and name those to use.",
            rich_help_panel=_COMPARED,
        ),
    ] = False,
    json_path: Annotated[
        Path | None, typer.Option("--json", metavar="PATH", help="Write the table as JSON.", rich_help_panel=_OUTPUT)
    ] = None,
    csv_path: Annotated[
        Path | None, typer.Option("--csv", metavar="PATH", help="Write the table as CSV.", rich_help_panel=_OUTPUT)
    ] = None,
    *,
    origin: ModelSettings,
    explanation: ExplainSettings,
) -> None:
    """Measure how faithful and how steady explanations are, and compare models, layers and methods.

    \b
    streamcam evaluate clip.mp4
    streamcam evaluate photos/ --method gradcam --method layercam --csv table.csv
    streamcam evaluate clip.mp4 -m mine.keras -m resnet50 --roi 100,80,200,240
    streamcam evaluate photos/ -m mine.keras --recommend

    insertion, deletion: the model's certainty while the hottest places are put in, or taken out.
    drop, increase: what only the hot places leave of it. ROAD: hot against cold places, without artefacts.
    sanity: how alike maps of randomised weights are; near 1, a map shows the picture and not the model.
    order, same shuffled: what a video classifier loses when the frames are shuffled, and how often it says the same.
    moment: how often its strongest moment lies within an --event.
    flicker: how much maps change beside the motion of the picture, raw, live, and in files.
    With --protocols, as in the papers, on the centre of each frame: average drop, ADCC, RISE's insertion and deletion.
    """  # noqa: D301 - the backspace keeps the lines of examples as they are
    from streamcam.evaluate.compare import candidates, evaluate_models, recommended

    for path in (json_path, csv_path):
        if path and path.exists():
            raise SinkError(f"{path}: exists already; name another file")
    if recommend:
        if len(model or ()) > 1:
            raise typer.BadParameter("is of one model", param_hint="--recommend")
        layer = layer or list(candidates((model or [origin.model])[0], origin, cache=explanation.cache))
        method, no_sanity = method or list(_TRIED), True
    with _Line() as line:
        rows = evaluate_models(
            inputs,
            models=model or (),
            methods=cast("list[Method]", method or []),  # checked where it is used
            layers=layer or (),
            model=origin,
            explain=explanation,
            frames=frames,
            seed=seed,
            roi=roi or (),
            events=[_event(text) for text in event or ()],
            sanity=not no_sanity,
            protocols=protocols,
            progress=line.show,
        )
    for text in _table(rows):
        say(text)
    if recommend:
        best = recommended(rows)
        say(f"use --method {best.method} {' '.join(f'--layer {path}' for path in best.layer.split('+'))}")
    data = [row.to_dict() for row in rows]
    if json_path:
        _write(json_path, json.dumps(data, indent=2) + "\n")
    if csv_path:
        _write(csv_path, _csv(data))


def _event(text: str) -> tuple[float, float]:
    """``BEGIN-END`` in seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)", text)
    if match is None or float(match[1]) >= float(match[2]):
        raise typer.BadParameter(f"{text}: must be like 1.5-2.5, in seconds", param_hint="--event")
    return float(match[1]), float(match[2])


def _table(rows: Sequence[Row]) -> Iterator[str]:
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


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="")
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
