"""``streamcam status``: how far a folder of results is, over all runs and machines."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamcam.cli.console import note, say

if TYPE_CHECKING:
    from streamcam.batch.standing import Status

_LISTED = 20  # of the files that failed
_EVERY = 2.0  # seconds


def status_command(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder that annotate was given with -o.")],
    watch: Annotated[bool, typer.Option("--watch", help="Say it again until all runs are over.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one line of JSON, for programs.")] = False,
) -> None:
    """Say what of an archive is done, failed and under way, and when it will be finished.

    \b
    streamcam status annotated/
    streamcam status annotated/ --watch

    It reads what the runs have noted, on this machine and on others, and disturbs none of them.
    """  # noqa: D301 - the backspace keeps the lines of examples as they are
    from streamcam.batch.standing import status_of
    from streamcam.system.wire import to_json

    while True:
        status = status_of(folder)
        if as_json:
            say(json.dumps(json.loads(to_json(status))))
        else:
            _show(folder, status)
        if not watch or not status.runs:
            return
        time.sleep(_EVERY)


def _show(folder: Path, status: Status) -> None:
    line = f"{folder}: {status.done} done, {len(status.failed)} failed"
    line += f", {status.left} left" if status.runs else ", nobody is at work"
    if status.frames_per_second:
        line += f"; {status.frames_per_second:.1f} frames a second"
    if status.seconds_left is not None:
        end = time.strftime("%Y-%m-%d %H:%M", time.localtime(time.time() + status.seconds_left))
        line += f", finished in about {_words(status.seconds_left)} ({end})"
    say(line)
    for run in status.runs:
        for one in run.under_way:
            of = f" of {one.total}" if one.total else ""
            done = f"{one.frames}{of} frames" if one.frames else "preparing"
            say(f"  {one.source}: {done} (on {run.host}, process {run.pid})")
    for source, reason in status.failed[:_LISTED]:
        say(f"  failed: {reason if source in reason else f'{source}: {reason}'}")
    if len(status.failed) > _LISTED:
        say(f"  … and {len(status.failed) - _LISTED:,} more that failed")
    if status.broken_off:
        note(f"{status.broken_off} runs were broken off; the same command goes on where they ended")


def _words(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
