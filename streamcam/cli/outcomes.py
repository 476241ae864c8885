"""What ``annotate`` says of each file and of all of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from streamcam.cli.console import fail, fail_with, internal_line, note, say

if TYPE_CHECKING:
    from streamcam.batch.driver import Outcome, State
    from streamcam.batch.storage import Mirror
    from streamcam.batch.task import Result


_STATES: dict[State, str] = {
    "done": "done",
    "skipped": "done before",
    "failed": "failed",
    "failed before": "failed before",
}
_FEW = 20  # files, of which the screen still shows what was said of each
_LISTED = 20  # of the files that failed


def tell(outcome: Outcome, mirror: Mirror | None) -> None:
    """What came of a file, as lines, with files called as they are in storage elsewhere."""
    result = outcome.result
    if result is None:
        fail_with(outcome.cause, _reason(outcome, mirror))
        return
    if outcome.state == "done":
        say(_named(_summary(outcome.job.source, result), mirror))
    for begin, end in result.elsewhere if outcome.state == "done" else ():
        say(_named(f"{outcome.job.source}: looks elsewhere from {begin:.2f} to {end:.2f} s", mirror))
    if result.lost:
        fail(_named(_loss(outcome.job.source, result), mirror))


def _named(line: str, mirror: Mirror | None) -> str:
    return mirror.told(line) if mirror else line


def _reason(outcome: Outcome, mirror: Mirror | None) -> str:
    line = internal_line(outcome.error, f"{outcome.job.source}: ") if outcome.unforeseen else outcome.error
    before = " (before; --retry-failed tries again)" if outcome.state == "failed before" else ""
    return _named(f"{line}{before}", mirror)


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


def sum_up(outcomes: list[Outcome], total: int, failed: int, seconds: float, mirror: Mirror | None) -> None:
    """What came of all of them: a table, after many also why what failed did, and one line."""
    by_state = {state: [outcome for outcome in outcomes if outcome.state == state] for state in _STATES}
    note(f"{'':14}{'files':>9}{'frames':>12}{'lost':>9}{'seconds':>11}")
    for state, some in by_state.items():
        if some:
            note(_row(state, some))
    failures = by_state["failed"] + by_state["failed before"] if total > _FEW else []
    for outcome in failures[:_LISTED]:
        note(f"  {_reason(outcome, mirror)}")
    if len(failures) > _LISTED:
        note(f"  … and {len(failures) - _LISTED:,} more")
    frames = sum(outcome.result.frames for outcome in by_state["done"] if outcome.result)
    done = sum(not outcome.failed for outcome in outcomes)
    line = f"{done} of {total} inputs done, {failed} failed"
    line += f", {total - done - failed} not begun" if done + failed < total else ""
    line += f", {len(by_state['skipped'])} of them done before" if by_state["skipped"] else ""
    line += f"; {frames} frames in {seconds:.0f} s, {frames / seconds:.1f} fps" if frames and seconds else ""
    note(line)


def _row(state: State, outcomes: list[Outcome]) -> str:
    row = f"{_STATES[state]:14}{len(outcomes):>9,}"
    results = [outcome.result for outcome in outcomes if outcome.result]
    if results:
        frames, lost = sum(result.frames for result in results), sum(result.lost for result in results)
        row += f"{frames:>12,}{lost:>9,}{sum(result.seconds for result in results):>11,.1f}"
    return row
