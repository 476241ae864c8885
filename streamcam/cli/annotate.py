"""``streamcam annotate``: videos and images in, annotated files out."""

from __future__ import annotations

import atexit
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamcam.cli.console import fail, fail_with, say
from streamcam.cli.grouping import takes
from streamcam.cli.options import ENCODING, EXPLANATION, MODEL, PICTURE, NoSteady, Overwrite
from streamcam.cli.outcomes import sum_up, tell
from streamcam.settings import Encoding, ExplainSettings, ModelSettings, PictureSettings

if TYPE_CHECKING:
    from streamcam.batch.jobs import Job
    from streamcam.batch.settings import Settings
    from streamcam.batch.storage import Mirror
    from streamcam.batch.workers import Crew

_OUTPUT = "Output"
_REASONS = "Right for the right reasons"
_MANY = "Many files"
_SPLIT = 120.0  # seconds


@takes(encoding=ENCODING, model=MODEL, explanation=EXPLANATION, picture=PICTURE)
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
    overwrite: Overwrite = False,
    *,
    encoding: Encoding,
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
            help="A page about the result, .html: the file for one input, for several the folder, with an index.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    records_dataset: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="What the model said, as one Parquet data set, partitioned by file.",
            rich_help_panel=_OUTPUT,
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
            show_default=f"{_SPLIT:.0f} with --workers, --shard or --ray",
            rich_help_panel=_MANY,
        ),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try again what failed before.", rich_help_panel=_MANY)
    ] = False,
    model: ModelSettings,
    explanation: ExplainSettings,
    picture: PictureSettings,
    no_steady: NoSteady = False,
) -> None:
    """Write videos and images with the heatmap and the model's answer drawn on them.

    \b
    streamcam annotate clip.mp4                   -> clip.cam.mp4
    streamcam annotate photos/ -o annotated/      every video and image in a folder
    streamcam annotate zoo.mp4 --target tiger --target zebra
    streamcam annotate clip.mp4 -m resnet50 --records clip.jsonl --heatmaps clip.h5
    streamcam annotate archive/ -o annotated/ -j 4  four processes; call it again to go on where it ended

    Existing files are never replaced unless --overwrite is given.
    Ctrl-C keeps what was done so far, playable, under a name with .part in it.
    A folder given with -o remembers what is finished: files that are done are skipped the next time.
    """  # noqa: D301 - the backspace keeps the lines of examples as they are
    from streamcam.batch.jobs import plan
    from streamcam.batch.storage import url_of

    if report:
        from streamcam.annotation.report import check_library

        check_library()
    if records_dataset:
        from streamcam.sinks.dataset import check_library as check_dataset

        check_dataset()
    if not roi and (track or alert_below is not None):
        raise typer.BadParameter("goes with --roi, the region", param_hint="--track" if track else "--alert-below")
    if probabilities and not heatmaps:
        raise typer.BadParameter("goes with --heatmaps, the file that holds them", param_hint="--probabilities")
    if workers and ray:
        raise typer.BadParameter("does not go with --ray, which has workers of its own", param_hint="--workers")
    outputs = {
        "output": output,
        "records": records,
        "heatmaps": heatmaps,
        "report": report,
        "dataset": records_dataset,
    }
    if ray and Path(ray).exists():
        raise typer.BadParameter(f"takes an address, and {ray} is a file or folder; end with --ray", param_hint="--ray")
    if ray not in (None, "local") and any(map(url_of, [*inputs, *outputs.values()])):
        raise typer.BadParameter("takes paths that all machines of the cluster share, no URLs", param_hint="--ray")
    mirror, inputs, places = _mirrored(inputs, outputs)
    output, report = places["output"], places["report"]
    jobs, problems = plan(
        inputs,
        output,
        records=places["records"],
        heatmaps=places["heatmaps"],
        report=report,
        dataset=places["dataset"],
        probabilities=probabilities,
    )
    for problem in problems:
        fail_with(problem)
    several = len(jobs) > 1 or len(inputs) > 1 or Path(inputs[0]).is_dir()
    others: list[Job] = []
    if shard:
        number, count = _shard(shard)
        others = [job for at, job in enumerate(jobs) if at % count != number - 1]
        jobs = jobs[number - 1 :: count]

    from streamcam.batch.driver import Batch
    from streamcam.batch.index import Thumbnails
    from streamcam.batch.manifest import Manifest
    from streamcam.batch.settings import Settings

    settings = Settings(
        model=model,
        explain=explanation,
        picture=picture,
        encoding=encoding,
        every=every,
        steady=not no_steady,
        roi=tuple(roi or ()),
        track=track,
        alert_below=alert_below,
    )
    settings.check()
    named = {"named": mirror.name} if mirror else {}
    manifest = Manifest(output, settings, **named) if output and several else None
    if manifest:
        settings = replace(settings, agreed=str(manifest.agreed))
    if split is None:
        split = _SPLIT if workers or shard or ray else 0.0
    batch = Batch(jobs, manifest, settings, overwrite=overwrite, retry_failed=retry_failed, split=split, mirror=mirror)
    outcomes = list(batch.settled)
    for outcome in outcomes:
        tell(outcome, mirror)

    from streamcam.annotation.file import Interrupted
    from streamcam.cli.progress import BatchProgress

    interrupted = ""
    thumbnails = Thumbnails(report) if report and several else None
    with BatchProgress(len(batch.open), several=several) as progress:
        try:
            if batch.open:
                crew = _crew(settings, workers, ray, overwrite=overwrite or manifest is not None)
                for outcome in batch.run(crew, progress.told):
                    progress.finish(outcome)
                    if thumbnails:
                        thumbnails.make(outcome)
                    tell(outcome, mirror)
                    outcomes.append(outcome)
        except Interrupted as stop:
            kept = ", ".join(map(str, stop.kept))
            interrupted = f"what was done so far is in {kept}" if kept else "nothing was written yet"
        except KeyboardInterrupt:
            interrupted = "the same command goes on where it ended" if manifest else "files that are done are done"
    if thumbnails and not interrupted:
        index = thumbnails.write_index([*outcomes, *batch.known_of(others)], mirror.name if mirror else str)
        if mirror:
            mirror.deliver([*thumbnails.made, index])
        say(f"report: {mirror.told(str(index)) if mirror else index}")
    total = len(jobs) + len(problems)
    failed = len(problems) + sum(outcome.failed for outcome in outcomes)
    if total > 1:
        sum_up(outcomes, total, failed, progress.seconds, mirror)
    if interrupted:
        fail(f"interrupted; {interrupted}")
        raise typer.Exit(130)
    if failed:
        raise typer.Exit(1)


def _shard(text: str) -> tuple[int, int]:
    number, _, count = text.partition("/")
    if not (number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count)):
        raise typer.BadParameter("write it as 1/4, 2/4, 3/4, 4/4", param_hint="--shard")
    return int(number), int(count)


def _crew(settings: Settings, workers: int | None, ray: str | None, *, overwrite: bool) -> Crew:
    if ray:
        from streamcam.batch.ray_workers import RayCrew

        return RayCrew(settings, None if ray == "local" else ray)
    from streamcam.batch.workers import Here, Processes

    return Processes(settings, workers) if workers and workers > 1 else Here(settings, overwrite=overwrite)


def _mirrored(
    inputs: list[str], outputs: dict[str, Path | None]
) -> tuple[Mirror | None, list[str], dict[str, Path | None]]:
    """Inputs and outputs as files here, and what brings URLs here and there."""
    from streamcam.batch.storage import Mirror, url_of

    if not any(map(url_of, [*inputs, *outputs.values()])):
        return None, inputs, outputs
    if outputs["output"] is None:
        raise typer.BadParameter("goes with inputs by URL: where the results go", param_hint="--output")
    from tempfile import TemporaryDirectory

    folder = TemporaryDirectory(prefix="streamcam-")
    atexit.register(folder.cleanup)
    mirror = Mirror(Path(folder.name))
    here = [str(mirror.source(url)) if (url := url_of(given)) else given for given in inputs]
    for name, path in outputs.items():
        if url := url_of(path):
            outputs[name] = mirror.target(url)
    return mirror, here, outputs
