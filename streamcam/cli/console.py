"""Where the command line speaks: results on stdout, everything else on stderr, in plain text."""

from __future__ import annotations

import sys
import traceback

from streamcam.errors import plain

debugging = False  # set by --debug


def say(line: str) -> None:
    """A result."""
    print(line, flush=True)


def note(line: str) -> None:
    """Something worth knowing that is no result."""
    print(line, file=sys.stderr, flush=True)


def warn(line: str) -> None:
    """Something that was done differently than asked."""
    note(f"warning: {line}")


def fail(line: str) -> None:
    """Something that was not done."""
    note(f"error: {line}")


def internal(error: Exception, where: str = "") -> str:
    """One line for an error that nobody foresaw."""
    return internal_line(plain(error), where)


def internal_line(reason: str, where: str = "") -> str:
    """The same, of an error that is known by what ``plain`` says of it."""
    return f"{where}internal error: {reason} (--debug shows where)"


def fail_with(error: BaseException | None, line: str | None = None) -> None:
    """An error as one line, after its traceback where ``--debug`` was given."""
    if debugging and error is not None:
        traceback.print_exception(error)
    fail(line or str(error))
