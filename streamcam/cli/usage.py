"""Wrong usage in one line that names the option: ``--alpha 7: the heatmap's opacity must be 0 to 1``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import typer

from streamcam.errors import StreamcamError, TargetError

# What typer raises where a command line is wrong, in every version of it.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]

# What is wrong with a value, by the name that pydantic has for it, where typer uses that.
_WRONG = {
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "less_than_equal": "must be at most {le:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be less than {lt:g}",
    "greater_than": "must be more than {gt:g}",
    "bool_parsing": "must be true or false",
}


def line_of_usage(error: Any) -> str:
    """The line for a command line that typer refuses."""
    option = _option_of(error)
    if type(error).__name__ == "MissingParameter":
        return f"{option or 'an argument'} is missing{_help_of(error)}"
    if option is None:
        text = str(error.format_message() if hasattr(error, "format_message") else error).rstrip(".")
        return text[:1].lower() + text[1:] + _help_of(error)
    value, reason = _reason(error)
    return f"{option}{f' {value}' if value else ''}: {reason}"


def line_of_option(error: StreamcamError, options: Iterable[str]) -> str:
    """The line for a setting that cannot be: the option is written as people write it on a command line.

    Args:
        error: an ``OptionError`` or a ``TargetError``; most of the former begin with the setting's name.
        options: of the command that ran, as ``--alpha``.
    """
    text = str(error)
    if isinstance(error, TargetError):
        return f"--target {text.removeprefix('target ')}"
    name = re.match(r"[a-z][a-z0-9-]*\b", text)
    return f"--{text}" if name and f"--{name[0]}" in set(options) else text


def options_of(command: Any, arguments: list[str]) -> set[str]:
    """The options of the command, or of the command of a command, that some arguments name."""
    for argument in arguments:
        command = getattr(command, "commands", {}).get(argument, command)
    return {flag for param in command.params for flag in param.opts}


def _option_of(error: Any) -> str | None:
    """What is wrong: an option by its long name, or an argument as ``--help`` calls it."""
    if hint := getattr(error, "param_hint", None):
        return " ".join(hint) if isinstance(hint, list | tuple) else str(hint).strip("'")
    param = getattr(error, "param", None)
    if param is None:
        return None
    if param.param_type_name == "argument":
        return str(param.metavar or param.name.upper())
    return str(max(param.opts, key=len))


def _reason(error: Any) -> tuple[str, str]:
    """The value, where it is known apart from the message, and what is wrong with it."""
    message = str(error.message).rstrip(".")
    if choices := re.search(r"'(.*?)' is not one of (.*)", message):
        return choices[1], f"choose one of {choices[2].replace(chr(39), '')}"
    found = getattr(error.__cause__, "errors", None)
    facts = found()[0] if callable(found) else {}
    if wrong := _WRONG.get(facts.get("type", "")):
        return str(facts["input"]), wrong.format(**facts.get("ctx", {}))
    if value := re.match(r"(\S+): (.*)", message):
        return value[1], value[2]
    return "", message[:1].lower() + message[1:]


def _help_of(error: Any) -> str:
    ctx = getattr(error, "ctx", None)
    return f"; {ctx.command_path} --help lists what there is" if ctx is not None else ""
