"""``streamcam check``: whether a model is fed right."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from streamcam.cli.console import print_table, say
from streamcam.cli.grouping import takes
from streamcam.cli.options import MODEL
from streamcam.settings import ModelSettings

if TYPE_CHECKING:
    from rich.table import Table

    from streamcam.diagnose.check import Check, CheckedPhoto, Reading

ORIGINS = {
    "model": "the model scales its input itself",
    "name": "that of a known network",
    "option": "as asked for",
    "guess": "guessed",
}


@takes(settings=MODEL.without("model"))
def check_command(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A name, or a model file.")],
    photos: Annotated[list[str], typer.Argument(metavar="PHOTO…", help="Files, folders or globs.")],
    top: Annotated[int, typer.Option(min=1, metavar="N", help="How many classes are shown.")] = 3,
    *,
    settings: ModelSettings,
) -> None:
    """Show what a model says of photographs under each preprocessing, so that a wrong one is seen.

    Take photographs whose class you know: where the model is fed as it was trained, it is right, and sure of it.
    """
    from streamcam.diagnose.check import check_feeding

    report = check_feeding(photos, model=replace(settings, model=model), top=top)
    for photo in report.photos:
        say(str(photo.path))
        print_table(_table(photo))
        say("")
    say(_closing(report))


def _table(photo: CheckedPhoto) -> Table:
    """Ways of scaling down, channel orders across."""
    from rich.table import Table

    orders = [order for order in ("rgb", "bgr", "gray") if any(r.preprocessing.order == order for r in photo.readings)]
    table = Table("", *(order.upper() for order in orders), header_style="bold", box=None, padding=(0, 3, 1, 0))
    by_way: dict[tuple[str, str], Reading] = {
        (r.preprocessing.name.split("-")[0], r.preprocessing.order): r for r in photo.readings
    }
    for name in dict.fromkeys(name for name, _ in by_way):
        table.add_row(name, *(_cell(by_way[name, order]) for order in orders))
    return table


def _cell(reading: Reading) -> str:
    from rich.markup import escape

    lines = [f"{probability:4.0%} {escape(label)}" for label, probability in reading.top]
    if reading.in_use:
        lines = [f"[bold]{line}[/bold]" for line in lines]
        lines[0] += "  <- in use"
    return "\n".join(lines)


def _closing(report: Check) -> str:
    how = report.classifier.preprocessing
    # The other order has a name of its own; a gray model has one order.
    others = "" if how.order == "gray" else "; the other channel order has -bgr after the name, for caffe -rgb"
    return (
        f"in use: {how.name} ({ORIGINS[report.classifier.preprocess_from]}). If another is right and surer, say so "
        f"with --preprocess NAME{others}"
    )
