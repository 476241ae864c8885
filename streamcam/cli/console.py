"""Where the command line speaks: results on stdout, everything else on stderr, in plain text."""

from __future__ import annotations

import io
import os
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from streamcam.errors import SinkError, plain

if TYPE_CHECKING:
    from rich.table import Table

debugging = False  # set by --debug
quiet = False  # set by --quiet: only errors are told
stdout_is_taken = False  # by a video: what would be said there is said on stderr
has_failed = False  # whether an error was told
is_unsaid = False  # whether stdout could not be written


def reset() -> None:
    """Begin anew, with streams that can be written to whatever the program was started with."""
    global debugging, quiet, stdout_is_taken, has_failed, is_unsaid
    debugging = quiet = stdout_is_taken = has_failed = is_unsaid = False
    for descriptor in range(3):  # else the next file that is opened gets the number, and what a library prints
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = _nowhere()
    if sys.stdout is None:
        sys.stdout = _Closed()
    elif type(sys.stdout) is io.TextIOWrapper:
        sys.stdout = _Stdout(sys.stdout)


def take_stdout() -> None:
    """Leave standard output to a video: what is said, and what a library prints, goes to stderr."""
    global stdout_is_taken
    stdout_is_taken = True
    with suppress(OSError, ValueError):
        video = os.dup(sys.stdout.fileno())
        os.dup2(2, 1)
        sys.stdout = open(video, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - it is open to the end


def say(line: str) -> None:
    """A result."""
    if stdout_is_taken:
        note(line)
    elif not quiet:
        try:
            print(line, flush=True)
        except StdoutError as error:
            give_up_stdout(error)


def print_table(table: Table) -> None:
    """A result in columns. Into a pipe or a file go whole lines, however long."""
    from rich.console import Console

    console = Console()
    console.print(table, width=None if console.is_terminal else 200)


def note(line: str) -> None:
    """Something worth knowing that is no result."""
    if not quiet:
        _tell(line)


def warn(line: str) -> None:
    """Something that was done differently than asked."""
    note(f"warning: {line}")


def fail(line: str) -> None:
    """Something that was not done."""
    global has_failed
    has_failed = True
    _tell(f"error: {line}")


def _tell(line: str) -> None:
    with suppress(OSError):  # a terminal that was closed is no reason to lose what was done
        print(line, file=sys.stderr, flush=True)


def give_up_stdout(error: StdoutError) -> None:
    """Say once that stdout cannot be written, and write what else would go there nowhere."""
    global is_unsaid
    if not is_unsaid:
        is_unsaid = True
        fail(str(error))
        _discard_stdout()


def flush_stdout() -> None:
    """See that all that was said is out, and say where it cannot be."""
    try:
        sys.stdout.flush()
    except StdoutError as error:
        give_up_stdout(error)
    except OSError:  # of a video, whose sink has said so
        _discard_stdout()


def _discard_stdout() -> None:
    """Write what waits for stdout nowhere, so that Python does not try again at its end."""
    with suppress(OSError, ValueError):
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, sys.stdout.fileno())
        os.close(descriptor)
    sys.stdout = _nowhere()


def _nowhere() -> io.TextIOWrapper:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - it is open to the end


class StdoutError(SinkError):
    """Standard output cannot be written."""


def _lost(why: str | None) -> StdoutError:
    return StdoutError(f"standard output cannot be written ({why}): what was to be said there is lost")


class _Stdout(io.TextIOWrapper):
    """Standard output whose errors are told from others. What it cannot encode is escaped."""

    def __init__(self, stdout: io.TextIOWrapper) -> None:
        super().__init__(stdout.buffer, stdout.encoding, "backslashreplace", line_buffering=stdout.line_buffering)

    def write(self, text: str) -> int:
        """Write, or raise ``StdoutError``."""
        try:
            return super().write(text)
        except OSError as error:
            raise _lost(error.strerror) from error

    def flush(self) -> None:
        """Write what waits, or raise ``StdoutError``."""
        try:
            super().flush()
        except OSError as error:
            raise _lost(error.strerror) from error


class _Closed(io.TextIOBase):
    """What stands for a standard output that was closed before the program began."""

    def write(self, text: str) -> NoReturn:
        """Raise ``StdoutError``."""
        raise _lost("it is closed")


def internal(error: Exception, where: str = "") -> str:
    """One line for an error that nobody foresaw."""
    return internal_line(plain(error), where)


def internal_line(reason: str, where: str = "") -> str:
    """The same, of an error that is known by what ``plain`` says of it."""
    return f"{where}internal error: {reason} (--debug shows where)"


def fail_with(error: BaseException | None, line: str | None = None) -> None:
    """An error as one line, after its traceback where ``--debug`` was given."""
    if debugging and error is not None:
        with suppress(OSError):
            traceback.print_exception(error)
    fail(line or str(error))
