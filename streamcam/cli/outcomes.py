"""What ``annotate`` says of each file and of all of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from streamcam.cli.console import fail, fail_with, internal_line, note, say
from streamcam.errors import SinkError, SourceError

if TYPE_CHECKING:
    from streamcam.batch.annotate import AnnotationRun
    from streamcam.batch.outcome import Outcome, OutcomeState, Summary
    from streamcam.batch.task import TaskResult


_STATES: dict[OutcomeState, str] = {
    "done": "done",
    "skipped": "done before",
    "failed": "failed",
    "failed before": "failed before",
    "refused": "refused",
}
_FEW = 20  # files, of which the screen still shows what was said of each
_LISTED = 20  # of the files that failed


def show_outcome(outcome: Outcome) -> None:
    """What came of a file, as lines."""
    source, result = outcome.source, outcome.result
    if outcome.state == "refused":  # said once for all
        return
    if result is None:
        fail_with(outcome.cause, _reason(outcome))
        return
    if outcome.state == "done":
        say(_result_line(source, result) + (f" (made again: {outcome.again})" if outcome.again else ""))
        for begin, end in result.elsewhere:
            say(f"{source}: looks elsewhere from {begin:.2f} to {end:.2f} s")
    if result.lost:
        fail(_loss_line(source, result))


def show_plan(run: AnnotationRun) -> None:
    """What would be done, as lines: nothing was."""
    for outcome in run.known:
        if outcome.state == "refused":
            continue
        if outcome.result is None:
            fail(_reason(outcome))
        elif outcome.failed:
            fail(_loss_line(outcome.source, outcome.result))
        else:
            say(f"{outcome.source}: done before, skipped: {outcome.result.output}")
    for source, results in run.planned:
        say(f"{source} -> {', '.join(results)}")
    skipped = sum(outcome.state == "skipped" for outcome in run.known)
    line = f"{run.to_do} of {run.total} inputs would be done"
    line += f", {skipped} are done" if skipped else ""
    line += f", {len(run.known) - skipped} cannot be" if len(run.known) > skipped else ""
    note(f"{line}; nothing was written (--dry-run)")


def listed_inputs(name: str) -> list[str]:
    """The inputs of a list."""
    from streamcam.batch.selection import listed_in

    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{name}: cannot be read ({getattr(error, 'strerror', None) or 'it is no text'})") from error
    return listed_in(text, name)


def write_summary(path: Path, outcomes: Sequence[Outcome], run: AnnotationRun) -> None:
    """Write what a run did, left out and refused as JSON."""
    from streamcam.batch.outcome import summary_json
    from streamcam.sinks.partial import write_whole

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(summary_json(outcomes, run.summary), indent=1) + "\n")
    except OSError as error:
        raise SinkError(f"{path}: cannot be written ({error.strerror})") from error


def refusal_line(count: int, folder: str | None) -> str:
    """What is said once where results of other settings are there, and how to go on."""
    files = "1 result" if count == 1 else f"{count} results"
    return (
        f"{folder}: holds {files} made with other settings, and nothing was done; --overwrite makes them again, another "
        "folder with -o keeps both, or give the settings that they were made with"
    )


def _reason(outcome: Outcome) -> str:
    line = internal_line(outcome.error, f"{outcome.source}: ") if outcome.unforeseen else outcome.error
    return line + (" (before; --retry-failed tries again)" if outcome.state == "failed before" else "")


def _result_line(source: str, result: TaskResult) -> str:
    frames = "1 frame" if result.frames == 1 else f"{result.frames} frames"
    speed = f"{result.frames / result.seconds:.1f} fps" if result.seconds else ""
    return (
        f"{source} -> {result.output}: {frames} in {result.seconds:.1f} s ({speed}), {result.model} at {result.layer}"
    )


def _loss_line(source: str, result: TaskResult) -> str:
    promised = result.frames + result.lost
    return (
        f"{source}: damaged: {result.lost} of its {promised} frames cannot be read; "
        f"the {result.frames} that can are in {result.output}; copy or record the file again for the rest"
    )


def show_summary(outcomes: Sequence[Outcome], summary: Summary) -> None:
    """What came of all files: a table, after many also why what failed did, and one line."""
    files = [outcome for outcome in outcomes if outcome.job]
    by_state = {state: [outcome for outcome in files if outcome.state == state] for state in _STATES}
    damaged = [outcome for outcome in files if outcome.result and outcome.failed]
    note(f"{'':14}{'files':>9}{'frames':>12}{'lost':>9}{'seconds':>11}")
    for state, some in by_state.items():
        if whole := [outcome for outcome in some if outcome not in damaged]:
            note(_row(_STATES[state], whole))
        if state == "skipped" and damaged:
            note(_row("damaged", damaged))
    failures = by_state["failed"] + by_state["failed before"] if summary.total > _FEW else []
    for outcome in failures[:_LISTED]:
        note(f"  {_reason(outcome)}")
    if len(failures) > _LISTED:
        note(f"  … and {len(failures) - _LISTED:,} more")
    line = f"{summary.done} of {summary.total} inputs done, {summary.failed} failed"
    line += f", {summary.refused} refused" if summary.refused else ""
    line += f", {summary.not_begun} not begun" if summary.not_begun else ""
    line += f", {summary.skipped} of them done before" if summary.skipped else ""
    line += f", {len(damaged)} of the failed written as far as they can be read" if damaged else ""
    if summary.frames and summary.seconds:
        speed = summary.frames / summary.seconds
        line += f"; {summary.frames} frames in {summary.seconds:.0f} s, {speed:.1f} fps"
    note(line)


def _row(title: str, outcomes: Sequence[Outcome]) -> str:
    row = f"{title:14}{len(outcomes):>9,}"
    results = [outcome.result for outcome in outcomes if outcome.result]
    if results:
        frames, lost = sum(result.frames for result in results), sum(result.lost for result in results)
        row += f"{frames:>12,}{lost:>9,}{sum(result.seconds for result in results):>11,.1f}"
    return row
