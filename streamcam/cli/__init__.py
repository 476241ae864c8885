"""The command line: one thin module a command. Each parses, opens, runs and reports."""

from __future__ import annotations

import os
import signal
import threading
from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """Run the command line and exit. It takes Python a moment to load it: a Ctrl-C in between ends it with one line."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _end_at_once)
    from streamcam.cli.program import run

    run()


def _end_at_once(*_: object) -> NoReturn:
    os.write(2, b"error: interrupted; nothing was written yet\n")
    os._exit(130)
