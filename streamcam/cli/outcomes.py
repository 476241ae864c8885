"""What ``annotate`` says of each file and of all of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from streamcam.cli.console import fail, fail_with, internal_line, note, say

if TYPE_CHECKING:
    from streamcam.batch.driver import Outcome
    from streamcam.batch.mirror import Mirror
    from streamcam.batch.workshop import Result


def tell(outcome: Outcome, mirror: Mirror | None) -> None:
    """What came of a file, as lines, with files called as they are in storage elsewhere."""

    def named(line: str) -> str:
        return mirror.told(line) if mirror else line

    result = outcome.result
    if result is None:
        line = internal_line(outcome.error, f"{outcome.job.source}: ") if outcome.unforeseen else outcome.error
        before = " (before; --retry-failed tries again)" if outcome.state == "failed before" else ""
        fail_with(outcome.cause, named(f"{line}{before}"))
        return
    if outcome.state == "done":
        say(named(_summary(outcome.job.source, result)))
    for begin, end in result.elsewhere if outcome.state == "done" else ():
        say(named(f"{outcome.job.source}: looks elsewhere from {begin:.2f} to {end:.2f} s"))
    if result.lost:
        fail(named(_loss(outcome.job.source, result)))


def _summary(source: Path, result: Result) -> str:
    frames = "1 frame" if result.frames == 1 else f"{result.frames} frames"
    speed = f"{result.frames / result.seconds:.1f} fps" if result.seconds else ""
    return (
        f"{source} -> {result.output}: {frames} in {result.seconds:.1f} s ({speed}), {result.model} at {result.layer}"
    )


def _loss(source: Path, result: Result) -> str:
    promised = result.frames + result.lost
    return (
        f"{source}: damaged: {result.lost} of its {promised} frames cannot be read; "
        f"the {result.frames} that can are in {result.output}; copy or record the file again for the rest"
    )


def sum_up(outcomes: list[Outcome], total: int, failed: int, seconds: float) -> None:
    """What came of all of them, in one line."""
    skipped = sum(outcome.state == "skipped" for outcome in outcomes)
    frames = sum(outcome.result.frames for outcome in outcomes if outcome.result and outcome.state == "done")
    line = f"{total - failed} of {total} inputs done, {failed} failed"
    line += f", {skipped} of them done before" if skipped else ""
    line += f"; {frames} frames in {seconds:.0f} s, {frames / seconds:.1f} fps" if frames and seconds else ""
    note(line)
