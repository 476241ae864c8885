"""``streamcam bench``: what each stage costs on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from streamcam.cli.console import note, say
from streamcam.cli.grouping import takes
from streamcam.cli.options import EXPLANATION, MODEL
from streamcam.settings import ExplainSettings, ModelSettings

if TYPE_CHECKING:
    from streamcam.diagnose.bench import BenchReport


@takes(model=MODEL, explanation=EXPLANATION)
def bench_command(
    frames: Annotated[int, typer.Option(min=30, help="How many frames to measure on.")] = 150,
    resolution: Annotated[str, typer.Option(metavar="WxH", help="Size of the frames.")] = "1280x720",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
    *,
    model: ModelSettings,
    explanation: ExplainSettings,
) -> None:
    """Measure what each stage costs on this machine.

    The clip is made from photographs that the package holds.
    Stages are measured one at a time, then the whole overlapped loop, then new processes.
    """
    width, cross, height = resolution.partition("x")
    if not (cross and width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise typer.BadParameter("must be like 1280x720", param_hint="--resolution")

    from streamcam.diagnose.bench import bench

    report = bench(model=model, explain=explanation, width=int(width), height=int(height), frames=frames, progress=note)
    if as_json:
        say(report.to_json())
    else:
        _print(report)


def _print(report: BenchReport) -> None:
    machine, model, frames = report.machine, report.model, report.frames
    say(f"{machine['processor']}, {machine['cores']} cores ({', '.join(machine['able'])}), {machine['system']}")
    say(
        f"{model['name']} at {model['layer']}, {model['engine']} in {model['precision']}, {model['fit']} {model['size']}"
    )
    say(f"{frames['count']} frames of {frames['width']}x{frames['height']}")
    say("")
    say(f"{'stage':<10}{'median':>10}{'p95':>10}{'share':>8}")
    for stage in report.stages:
        say(f"{stage.name:<10}{stage.median_ms:>7.2f} ms{stage.p95_ms:>7.2f} ms{stage.share:>8.0%}")
    say("")
    say(f"the overlapped loop: {report.loop_fps:.1f} frames a second, {report.cpu_busy:.0%} of all cores busy")
    say(
        f"first heatmap of a new process: {report.first_heatmap_cold:.2f} s cold, {report.first_heatmap_warm:.2f} s warm"
    )
    say(f"memory: {report.memory_mb:.0f} MB")
