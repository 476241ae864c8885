"""Makes command-line options of the fields of a settings dataclass, so that commands share them.

A group gives the fields their help; names, types and defaults are those of the dataclass. The command's parameter receives
an object of the dataclass.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from typing import Annotated, Any, ClassVar, TypeAlias, get_args, get_origin, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

# The options that ``--help`` lists, by the names of the command's parameters: what stands for the value, and a few words.
Usual: TypeAlias = Mapping[str, tuple[str, str]]

showing_all = False  # whether ``--help`` lists all options, by ``--help-all``


class _PlainFlags:
    """Shows a flag by its name alone: beside ``--overwrite <bool>`` people write ``--overwrite true``."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The options, as ``--help`` shows them."""
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for param in params:
            if getattr(param, "is_flag", False) and param.metavar is None:
                param.metavar = ""
        return params


class Command(_PlainFlags, TyperCommand):
    """A command of the command line.

    Attributes:
        usual: the options that ``--help`` lists; none for all of them. ``--help-all`` lists all, by panel.
    """

    usual: ClassVar[Usual] = {}

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write what ``--help`` shows: of a command with many options, those that most people use."""
        if not self.usual or showing_all:
            super().format_help(ctx, formatter)
            return
        brief: Any = copy.copy(self)
        given = self.get_params(ctx)
        by_name = {param.name: param for param in given}
        chosen = [_brief(by_name[name], *words) for name, words in self.usual.items()]
        arguments = [param for param in given if param.param_type_name == "argument"]
        help_option = [param for param in given if param.name == "help"]
        brief.get_params = lambda _: [*arguments, *chosen, *help_option]
        brief.epilog = f"All {len(given) - len(arguments)} options: {ctx.command_path} --help-all"
        TyperCommand.format_help(brief, ctx, formatter)


def _brief(param: Any, metavar: str, words: str) -> Any:
    """An option as the short help shows it: on one line."""
    shown = copy.copy(param)
    shown.metavar = metavar
    shown.help, shown.show_default, shown.rich_help_panel = words, False, None
    shown.show_envvar = False
    return shown


def usually(usual: Usual) -> type[Command]:
    """A kind of command whose ``--help`` lists these options, by the names of the command's parameters."""
    return type("Command", (Command,), {"usual": usual})


class Group(_PlainFlags, TyperGroup):
    """A command that has commands."""


@dataclass(frozen=True, slots=True)
class Option:
    """The help of one option.

    Attributes:
        flags: how it is written, where that is not the field's name.
        settings: what ``typer.Option`` takes besides.
        turns_off: whether it turns off a field that is on by default.
    """

    flags: tuple[str, ...]
    settings: dict[str, Any]
    turns_off: bool = False


def option(*flags: str, **settings: Any) -> Option:
    """The help of one option, see ``typer.Option``."""
    return Option(flags, settings)


def off(flag: str, **settings: Any) -> Option:
    """The help of an option that turns off what is on by default, such as ``--no-cache``."""
    return Option((flag,), settings, turns_off=True)


class OptionGroup:
    """Options that make one object.

    Args:
        base: a dataclass object, whose fields are the options' defaults; fields that have no option stay as they are.
        panel: the heading under which ``--help`` lists them.
        options: the help of each field.
    """

    def __init__(self, base: Any, panel: str, **options: Option) -> None:
        self._base, self._panel, self._options = base, panel, options

    def without(self, *names: str) -> OptionGroup:
        """The same, less some options."""
        rest = {name: given for name, given in self._options.items() if name not in names}
        return OptionGroup(self._base, self._panel, **rest)

    def based_on(self, base: Any, panel: str) -> OptionGroup:
        """The same with other defaults, under another heading."""
        return OptionGroup(base, panel, **self._options)

    def parameters(self) -> list[inspect.Parameter]:
        """As parameters of a command, in the order of the group."""
        hints = get_type_hints(type(self._base))
        return [
            _parameter(name, hints[name], getattr(self._base, name), given, self._panel)
            for name, given in self._options.items()
        ]

    def take(self, values: dict[str, Any]) -> Any:
        """Take the group's values out of a command's, and make the object of them."""
        hints = get_type_hints(type(self._base))
        taken = {name: values.pop(name) for name in self._options}
        for name, value in taken.items():
            if self._options[name].turns_off:
                taken[name] = not value
            elif _listed(hints[name]):
                taken[name] = getattr(self._base, name) if value is None else tuple(value)
        return replace(self._base, **taken)


def _parameter(name: str, hint: Any, default: Any, given: Option, panel: str) -> inspect.Parameter:
    settings = {"rich_help_panel": panel} | given.settings
    if "parser" in settings:  # it says what is allowed
        hint = Any
    elif _listed(hint):  # typer knows lists, of plain types
        item = get_args(hint)[0]
        if default:
            settings = {"show_default": ", ".join(map(str, default))} | settings
        hint, default = list[item if isinstance(item, type) else str] | None, None  # type: ignore[misc]
    if given.turns_off:
        default = not default
    annotation = Annotated[hint, typer.Option(*given.flags, **settings)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _listed(hint: Any) -> bool:
    """Whether a field takes any number of values, ``tuple[X, ...]``: then its option may be repeated."""
    return get_origin(hint) is tuple and get_args(hint)[-1] is Ellipsis


def takes(**groups: OptionGroup) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a command take groups of options: each parameter named here stands for the options of its group, in its place."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        parameters: list[inspect.Parameter] = []
        for given in inspect.signature(command, eval_str=True).parameters.values():
            parameters += groups[given.name].parameters() if given.name in groups else [given]

        @wraps(command)
        def taken(**values: Any) -> Any:
            made = {name: group.take(values) for name, group in groups.items()}
            return command(**values, **made)

        taken.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
        )
        taken.__annotations__ = {p.name: p.annotation for p in parameters}
        return taken

    return decorate
