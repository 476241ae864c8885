"""The file that keeps what staff change, over restarts. One that cannot be read whole is set aside, never thrown away."""

from __future__ import annotations

import json
import logging
import os
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from streamcam.sinks.partial import write_whole
from streamcam.web.defaults import ChangeDefaults, PageDefaults

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a settings file holds.

    Attributes:
        changes: the settings, one by one, so that the others hold where one does not fit.
        unknown: what this version does not know, as it is: it is kept, for the one that does.
        wrong: for each part that cannot be used, why.
    """

    changes: tuple[ChangeDefaults, ...] = ()
    unknown: tuple[tuple[str, Any], ...] = ()
    wrong: tuple[str, ...] = ()


def read(path: Path) -> Kept:
    """The content of a file; nothing where there is none."""
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        return Kept()
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or "it is no JSON"
        return Kept(wrong=(f"it cannot be read ({reason})",))
    if not isinstance(data, dict):
        return Kept(wrong=("it holds no settings",))
    changes, unknown, wrong = [], [], []
    for name, value in data.items():
        if name not in PageDefaults.__dataclass_fields__:
            unknown.append((name, value))
            continue
        try:
            changes.append(msgspec.convert({name: value}, ChangeDefaults))
        except msgspec.ValidationError as error:
            wrong.append(f"{name}: {str(error).split(' - ')[0]}")
    return Kept(tuple(changes), tuple(unknown), tuple(wrong))


def set_aside(path: Path) -> Path | None:
    """Keep a copy of a file that could not be used whole, with the date in its name; None where that failed."""
    copy = path.with_name(f"{path.stem}.damaged-{datetime.now():%Y-%m-%dT%H%M%S}{path.suffix}")
    with suppress(OSError):
        shutil.copyfile(path, copy)
        return copy
    return None


def write(path: Path, defaults: PageDefaults, unknown: tuple[tuple[str, Any], ...]) -> str:
    """Replace the file; returns why not, or an empty string."""
    try:
        write_whole(path, json.dumps(dict(unknown) | asdict(defaults), indent=2) + "\n")
    except OSError as error:
        _log.warning(f"{path}: the settings cannot be kept ({error.strerror or os.strerror(error.errno or 0)})")
        return "not kept"
    return ""
