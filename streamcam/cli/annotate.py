"""``streamcam annotate``: videos and images in, annotated files out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamcam.cli.console import fail, fail_with, internal, note, say
from streamcam.cli.options import ExplainOptions, ModelOptions, PictureOptions, takes
from streamcam.errors import StreamcamError

if TYPE_CHECKING:
    from streamcam.annotation import Annotated as Result
    from streamcam.pipeline import Steady
    from streamcam.report import Report
    from streamcam.roi import Inspection
    from streamcam.steady import Steadied
    from streamcam.types import Explanation, Frame

_OUTPUT = "Output"
_REASONS = "Right for the right reasons"

# Two frames at once, each on half of the cores, make more frames a second than one on all of them.
_IN_FLIGHT = 2


@takes(model=ModelOptions, explanation=ExplainOptions, picture=PictureOptions)
def annotate_command(
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT...", help="Videos, images, folders or globs.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The file for one input, the folder for several.",
            show_default="beside the input: clip.cam.mp4",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace outputs that exist.", rich_help_panel=_OUTPUT)
    ] = False,
    codec: Annotated[str, typer.Option(help="Any FFmpeg encoder for yuv420p.", rich_help_panel=_OUTPUT)] = "h264",
    crf: Annotated[int, typer.Option(min=0, max=63, help="Quality, lower is better.", rich_help_panel=_OUTPUT)] = 20,
    preset: Annotated[
        str, typer.Option(help="The encoder's speed: ultrafast … veryslow.", rich_help_panel=_OUTPUT)
    ] = "veryfast",
    records: Annotated[
        Path | None,
        typer.Option(
            help="What the model said, as JSON Lines: the file for one input, the folder for several.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    heatmaps: Annotated[
        Path | None,
        typer.Option(
            help="The raw maps, as HDF5: the file for one input, the folder for several.", rich_help_panel=_OUTPUT
        ),
    ] = None,
    probabilities: Annotated[
        bool,
        typer.Option(
            "--probabilities", help="Every class's probability in the heatmaps file.", rich_help_panel=_OUTPUT
        ),
    ] = False,
    every: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="Explain each Nth frame; its map moves along in those between.",
            rich_help_panel="Speed",
        ),
    ] = 1,
    roi: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X,Y,W,H|POINTS|MASK",
            help="Where the evidence ought to lie: a box, 'x,y x,y x,y', or a mask image or video; repeat for several.",
            rich_help_panel=_REASONS,
        ),
    ] = None,
    track: Annotated[
        bool, typer.Option("--track", help="Boxes follow what is in them on the first frame.", rich_help_panel=_REASONS)
    ] = False,
    alert_below: Annotated[
        float | None,
        typer.Option(
            metavar="0…1", help="Mark frames with less of the evidence inside than this.", rich_help_panel=_REASONS
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            help="A page about the result, .html: the file for one input, the folder for several.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    *,
    model: ModelOptions,
    explanation: ExplainOptions,
    picture: PictureOptions,
) -> None:
    """Write videos and images with the heatmap and the model's answer drawn on them.

    \b
    streamcam annotate clip.mp4                   -> clip.cam.mp4
    streamcam annotate photos/ -o annotated/      every video and image in a folder
    streamcam annotate zoo.mp4 --target tiger --target zebra
    streamcam annotate clip.mp4 -m resnet50 --records clip.jsonl --heatmaps clip.h5

    Existing files are never replaced unless --overwrite is given.
    Ctrl-C keeps what was done so far, playable, under a name with .part in it.
    """  # noqa: D301 - the backspace keeps the lines of examples as they are
    from streamcam.jobs import plan, screen

    if report:
        from streamcam.report import check_library

        check_library()
    if not roi and (track or alert_below is not None):
        raise typer.BadParameter("goes with --roi, the region", param_hint="--track" if track else "--alert-below")
    if probabilities and not heatmaps:
        raise typer.BadParameter("goes with --heatmaps, the file that holds them", param_hint="--probabilities")
    jobs, problems = plan(
        inputs, output, records=records, heatmaps=heatmaps, report=report, probabilities=probabilities
    )
    ready, more = screen(jobs, overwrite=overwrite)
    problems += more
    for problem in problems:
        fail_with(problem)
    if not ready:
        raise typer.Exit(1)

    from streamcam.annotation import Interrupted, annotate, make_header
    from streamcam.cli.progress import Progress
    from streamcam.naming import Naming
    from streamcam.report import Report
    from streamcam.roi import Inspection, Masks, parse_roi
    from streamcam.sinks import Encoding

    classifier = model.load(cache=not explanation.no_cache)
    explain = explanation.explainer(classifier, in_flight=_IN_FLIGHT)
    names_one = not picture.no_steady and not explanation.target
    rois = [parse_roi(text) for text in roi or ()]
    overlay = picture.overlay(explain.labels)
    encoding = Encoding(codec, crf, preset)
    failed = len(problems)
    for number, job in enumerate(ready, start=1):
        inspection = Inspection(Masks(rois, track=track), alert_below=alert_below) if rois else None
        page = Report(overlay, alert_below=alert_below) if job.outputs.report else None
        try:
            with Progress(str(job.source), number, len(ready)) as progress:
                result = annotate(
                    job.source,
                    job.outputs,
                    explain,
                    overlay=overlay,
                    encoding=encoding,
                    overwrite=overwrite,
                    steady=_steady(picture.no_steady, inspection, page),
                    naming=Naming() if names_one else None,
                    every=every,
                    opened=progress.begin,
                    progress=progress.advance,
                )
            if page and job.outputs.report:
                page.write(job.outputs.report, result.output, make_header(str(job.source), explain))
        except Interrupted as stop:
            kept = ", ".join(map(str, stop.kept))
            fail(f"interrupted; {f'what was done so far is in {kept}' if kept else 'nothing was written yet'}")
            raise typer.Exit(130) from None
        except StreamcamError as error:
            fail_with(error)
            failed += 1
            continue
        except Exception as error:  # a bug, or a file that breaks a library: the others are still done
            fail_with(error, internal(error, f"{job.source}: "))
            failed += 1
            continue
        say(_summary(result, explain.classifier.name, explain.layer))
        for stretch in inspection.stretches if inspection else ():
            say(f"{job.source}: looks elsewhere from {stretch.begin:.2f} to {stretch.end:.2f} s")
        if result.lost:
            fail(_loss(result))
            failed += 1
    total = len(ready) + len(problems)
    if total > 1:
        note(f"{total - failed} of {total} inputs done, {failed} failed")
    if failed:
        raise typer.Exit(1)


def _steady(raw: bool, inspection: Inspection | None, page: Report | None) -> Steady:
    """From raw explanations to shown heat, and those who look on."""
    from streamcam.steady import AHEAD, steadied, unsteadied

    def steady(explained: Iterable[tuple[Frame, Explanation | None]]) -> Iterator[Steadied]:
        shown = unsteadied(explained) if raw else steadied(explained, ahead=AHEAD)
        shown = inspection.measured(shown) if inspection else shown
        return page.observed(shown) if page else shown

    return steady


def _summary(result: Result, model: str, layer: str | None) -> str:
    frames = "1 frame" if result.frames == 1 else f"{result.frames} frames"
    speed = f"{result.frames / result.seconds:.1f} fps" if result.seconds else ""
    return f"{result.source} -> {result.output}: {frames} in {result.seconds:.1f} s ({speed}), {model} at {layer}"


def _loss(result: Result) -> str:
    promised = result.frames + result.lost
    return (
        f"{result.source}: damaged: {result.lost} of its {promised} frames cannot be read; "
        f"the {result.frames} that can are in {result.output}; copy or record the file again for the rest"
    )
