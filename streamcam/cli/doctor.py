"""``streamcam doctor``: what this machine has and lacks."""

from __future__ import annotations

import typer

from streamcam.cli.console import say

_MARKS = {True: "ok     ", False: "MISSING", None: "note   "}


def doctor_command() -> None:
    """Check what streamcam needs on this machine, and say how to get what is missing.

    Exits with 1 if something is missing without which nothing works.
    """
    from streamcam.diagnose.doctor import examine
    from streamcam.system.libraries import quiet_start

    with quiet_start():
        findings = list(examine())
    for finding in findings:
        say(f"{_MARKS[finding.ok]} {finding.subject}: {finding.what}")
        if finding.remedy:
            say(f"        -> {finding.remedy}")
    if any(finding.ok is False for finding in findings):
        raise typer.Exit(1)
