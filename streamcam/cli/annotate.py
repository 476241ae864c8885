"""``streamcam annotate``: videos and images in, annotated files out."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamcam.batch.settings import SPLIT, AnnotationSettings
from streamcam.cli import console
from streamcam.cli.console import fail, note, say
from streamcam.cli.grouping import OptionGroup, option, takes
from streamcam.cli.options import (
    ENCODING,
    EVERY,
    EXPLANATION,
    HEAT,
    MODEL,
    OUTPUT_PANEL,
    PICTURE,
    Overwrite,
)
from streamcam.cli.outcomes import listed_inputs, refusal_line, show_outcome, show_plan, show_summary, write_summary
from streamcam.cli.progress import BatchProgress
from streamcam.cli.times import METAVAR, stretch_of
from streamcam.errors import OutputExistsError
from streamcam.settings import Encoding, ExplainSettings, HeatSettings, ModelSettings, PictureSettings

if TYPE_CHECKING:
    from streamcam.batch.annotate import AnnotationRun
    from streamcam.batch.outcome import Outcome

_MANY = "Many files"
_WHICH = "Which files"
_STRETCH = "A stretch of a video"
STDOUT = "-"

FILES = OptionGroup(
    AnnotationSettings(),
    "Right for the right reasons",
    every=option(**EVERY),
    roi=option(
        metavar="X,Y,W,H|POINTS|MASK",
        help="Where the evidence ought to lie: a box, 'x,y x,y x,y', or a mask image or video; repeat for several.",
    ),
    track=option("--track", help="Boxes follow what is in them on the first frame."),
    alert_below=option(metavar="0…1", help="Mark frames with less of the evidence inside than this."),
)


@takes(files=FILES, encoding=ENCODING, model=MODEL, explanation=EXPLANATION, picture=PICTURE, heat=HEAT)
def annotate_command(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(metavar="INPUT...", help="Videos, images, folders or globs; - for standard input."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="The file for one input, the folder for several; - for standard output.",
            show_default="beside the input: clip.cam.mp4",
            rich_help_panel=OUTPUT_PANEL,
        ),
    ] = None,
    overwrite: Overwrite = False,
    *,
    encoding: Encoding,
    records: Annotated[
        Path | None,
        typer.Option(
            help="What the model said, as JSON Lines: the file for one input, the folder for several.",
            rich_help_panel=OUTPUT_PANEL,
        ),
    ] = None,
    heatmaps: Annotated[
        Path | None,
        typer.Option(
            help="The raw maps, as HDF5: the file for one input, the folder for several.", rich_help_panel=OUTPUT_PANEL
        ),
    ] = None,
    probabilities: Annotated[
        bool,
        typer.Option(
            "--probabilities", help="Every class's probability in the heatmaps file.", rich_help_panel=OUTPUT_PANEL
        ),
    ] = False,
    start: Annotated[
        str | None,
        typer.Option(metavar=METAVAR, help="Begin there: seconds, or 1:02:30.", rich_help_panel=_STRETCH),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(metavar=METAVAR, help="End there; the sound is cut with the picture.", rich_help_panel=_STRETCH),
    ] = None,
    duration: Annotated[
        str | None, typer.Option(metavar=METAVAR, help="End so long after the start.", rich_help_panel=_STRETCH)
    ] = None,
    files: AnnotationSettings,
    report: Annotated[
        Path | None,
        typer.Option(
            help="A page about the result, .html: the file for one input, for several the folder, with an index.",
            rich_help_panel=OUTPUT_PANEL,
        ),
    ] = None,
    records_dataset: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="What the model said, as one Parquet data set, partitioned by file.",
            rich_help_panel=OUTPUT_PANEL,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            "-j",
            min=1,
            metavar="N",
            help="Processes that share the files.",
            show_default="this one",
            rich_help_panel=_MANY,
        ),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(metavar="I/N", help="Do only the I-th of N parts, for schedulers.", rich_help_panel=_MANY),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="[ADDRESS]",
            help="Do it on a Ray cluster: at an address, 'auto' for this machine's; without one, one is started here.",
            rich_help_panel=_MANY,
        ),
    ] = None,
    split: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=0,
            help="Cut files of more than twice this into parts, each a piece of work; 0 for never.",
            show_default=f"{SPLIT:.0f} with --workers, --shard or --ray",
            rich_help_panel=_MANY,
        ),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try again what failed before.", rich_help_panel=_MANY)
    ] = False,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="Read every result, to see that it is still what was made.", rich_help_panel=_MANY
        ),
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DAY|AGO", help="Only files changed since: 2026-11-27, or 12h, 7d.", rich_help_panel=_WHICH
        ),
    ] = None,
    match: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Only files whose name or path matches; repeatable.", rich_help_panel=_WHICH),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Do so many at most.", rich_help_panel=_WHICH)
    ] = None,
    from_file: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="More inputs, one a line; - for standard input.", rich_help_panel=_WHICH),
    ] = None,
    summary: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Write what came of each input as JSON.", rich_help_panel=OUTPUT_PANEL),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Only say what would be done, and what is skipped and why.", rich_help_panel=OUTPUT_PANEL
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but errors.", rich_help_panel=OUTPUT_PANEL)
    ] = False,
    model: ModelSettings,
    explanation: ExplainSettings,
    picture: PictureSettings,
    heat: HeatSettings,
) -> None:
    """Write videos and images with the heatmap and the model's answer drawn on them.

    \b
    streamcam annotate clip.mp4                   -> clip.cam.mp4
    streamcam annotate photos/ -o annotated/      all videos and images in it
    streamcam annotate zoo.mp4 --target tiger --target zebra
    streamcam annotate clip.mp4 -m my_model.keras --records clip.jsonl
    streamcam annotate archive/ -o annotated/ -j 4  again to go on where it ended
    streamcam annotate film.mkv --start 1:02:30 --duration 20

    Nothing is replaced without --overwrite. Ctrl-C keeps what was done, playable.
    A folder given with -o remembers what is finished, and skips it the next time.
    """  # noqa: D301 - the backspace keeps the lines of examples as they are
    from streamcam.batch.annotate import CombinationError, annotate_all
    from streamcam.batch.selection import Selection, since_of

    console.quiet = quiet
    if output == STDOUT and not dry_run:
        console.take_stdout()
    begin, stop = stretch_of(start, end, duration)
    settings = replace(files, model=model, explain=explanation, picture=picture, encoding=encoding)
    settings = replace(settings, heat=heat, start=begin, end=stop)
    given = [*(inputs or ()), *(listed_inputs(from_file) if from_file else ())]
    if not given:
        raise typer.BadParameter(
            "is missing; name a file or a folder, or a list of them with --from-file", param_hint="INPUT..."
        )
    if summary and summary.exists() and not overwrite:
        raise OutputExistsError(
            f"{summary}: exists already; use --overwrite to replace it, or another name for --summary"
        )
    with closing(BatchProgress()) as progress:
        try:
            run = annotate_all(
                given,
                output,
                records=records,
                heatmaps=heatmaps,
                report=report,
                dataset=records_dataset,
                probabilities=probabilities,
                settings=settings,
                overwrite=overwrite,
                retry_failed=retry_failed,
                repair=repair,
                selection=Selection(since=since_of(since) if since else None, match=tuple(match or ()), limit=limit),
                workers=workers,
                shard=shard,
                ray=ray,
                split=split,
                dry_run=dry_run,
                progress=progress.update,
            )
        except CombinationError as error:
            raise typer.BadParameter(error.reason, param_hint=error.option) from error
        for left_out in run.left_out:
            if left_out.is_news or dry_run:
                note(str(left_out))
        if dry_run:
            show_plan(run)
            if refused := sum(outcome.state == "refused" for outcome in run.known):
                fail(refusal_line(refused, output))
            raise typer.Exit(int(any(outcome.failed for outcome in run.known) or refused > 0))
        progress.begin(run)
        outcomes, interrupted = _show_outcomes(run, progress)
    if run.index:
        say(f"report: {run.index}")
    if run.total > 1:
        show_summary(outcomes, run.summary)
    if summary:
        write_summary(summary, outcomes, run)
    if interrupted:
        fail(f"interrupted; {interrupted}")
        raise typer.Exit(130)
    if refused := run.summary.refused:
        fail(refusal_line(refused, output))
    if run.summary.failed or refused:
        raise typer.Exit(1)


def _show_outcomes(run: AnnotationRun, progress: BatchProgress) -> tuple[list[Outcome], str]:
    """Do the work, and show what comes of it: all of it, and what is left where it was interrupted."""
    from streamcam.annotation.file import Interrupted

    outcomes: list[Outcome] = []
    try:
        for outcome in run:
            progress.finish()
            show_outcome(outcome)
            outcomes.append(outcome)
    except Interrupted as stop:
        kept = ", ".join(map(str, stop.kept))
        return outcomes, f"what was done so far is in {kept}" if kept else "nothing was written yet"
    except KeyboardInterrupt:
        goes_on = "the same command goes on where it ended"
        return outcomes, goes_on if run.is_resumable else "files that are done are done"
    return outcomes, ""
