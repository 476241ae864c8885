"""``streamcam``: the commands, and the one place where errors become a line and an exit code.

Exit codes: 0 done, 1 something failed, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from typing import Annotated, Any, NoReturn

import typer

from streamcam.cli import (
    annotate,
    bench,
    cache,
    check,
    console,
    demo,
    doctor,
    evaluate,
    grouping,
    live,
    models,
    serve,
    status,
    usual,
)
from streamcam.cli.console import StdoutError, fail, fail_with, internal, note, warn
from streamcam.cli.grouping import Command, Group, usually
from streamcam.cli.interrupts import Interrupts
from streamcam.cli.usage import UsageError, line_of_option, line_of_usage, options_of
from streamcam.errors import WRONG_USAGE, StreamcamError, StreamcamWarning
from streamcam.system.libraries import explain_import_error
from streamcam.system.versions import VERSION

_EPILOG = "Start with: streamcam annotate clip.mp4. Each command has its own --help, and --help-all."

app = typer.Typer(
    name="streamcam",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("annotate", cls=usually(usual.ANNOTATE))(annotate.annotate_command)
app.command("live", cls=usually(usual.LIVE))(live.live_command)
app.command("serve", cls=usually(usual.SERVE))(serve.serve_command)
app.command("status")(status.status_command)
app.command("demo")(demo.demo_command)
app.command("evaluate", cls=usually(usual.EVALUATE))(evaluate.evaluate_command)
app.command("bench")(bench.bench_command)
app.command("models")(models.models_command)
app.command("layers")(models.layers_command)
app.command("check")(check.check_command)
app.add_typer(cache.app, name="cache")
app.command("doctor")(doctor.doctor_command)
for _typer in (app, cache.app):
    _typer.info.cls = Group
    for _command in _typer.registered_commands:
        if not (isinstance(_command.cls, type) and issubclass(_command.cls, Command)):
            _command.cls = Command


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"streamcam {VERSION}")
        raise typer.Exit


@app.callback()
def _streamcam(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error, with any command.")] = False,
) -> None:
    """See, frame by frame, which part of the picture made an image classifier decide as it did."""


def run() -> NoReturn:
    """Run the command line and exit."""
    console.reset()
    interrupts = Interrupts()
    arguments = _arguments(sys.argv[1:])
    console.debugging = "--debug" in sys.argv[1:]
    _prepare_environment()
    warnings.showwarning = _show_warning
    logger = logging.getLogger("streamcam")
    logger.handlers = [_Notes()]
    logger.setLevel(logging.INFO)
    try:
        interrupts.catch()
        code = _code_of(arguments)
    except KeyboardInterrupt:  # outside of any command
        code = 130
    interrupts.end()
    if code == 130 and not console.has_failed:
        fail("interrupted")
    console.flush_stdout()
    sys.exit(code or int(console.is_unsaid))


def _code_of(arguments: list[str]) -> int:
    """Run a command; the exit code."""
    command = typer.main.get_command(app)
    try:
        code = command(arguments, prog_name="streamcam", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error)
        else:
            fail(line_of_usage(error))
        return 2
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except StdoutError as error:
        console.give_up_stdout(error)
    except WRONG_USAGE as error:
        fail_with(error, line_of_option(error, options_of(command, arguments)))
        return 2
    except StreamcamError as error:
        fail_with(error)
    except ImportError as error:
        fail_with(error, explain_import_error(error))
    except Exception as error:  # a bug: still one line, and the way to the traceback
        fail_with(error, internal(error))
    return 1


def _arguments(given: list[str]) -> list[str]:
    """What was given without ``--debug`` and ``--help-all``, which go with any command, and with what a bare ``--ray`` means."""
    arguments = ["--help" if argument == "--help-all" else argument for argument in given if argument != "--debug"]
    grouping.showing_all = "--help-all" in given
    for at, argument in enumerate(arguments):
        if argument == "--ray" and (at + 1 == len(arguments) or arguments[at + 1].startswith("-")):
            arguments[at] = "--ray=local"  # typer has no options whose value may be left out
    return arguments


def _prepare_environment() -> None:
    """Keep libraries from writing over the progress, before any of them is loaded."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


class _Notes(logging.Handler):
    """What the library tells of long preparations, as plain lines."""

    def emit(self, record: logging.LogRecord) -> None:
        note(record.getMessage())


def _show_warning(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    if issubclass(category, StreamcamWarning):
        warn(str(message))
