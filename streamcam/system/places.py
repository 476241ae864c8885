"""Whether two paths mean the same file, however they are written: relative, by links, in other letters, or not there yet."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Hashable
from pathlib import Path


class Places:
    """Gives each path a value that is equal for all paths of one file.

    A file that is there is known by its device and number, so that links and the case of letters do not matter. One that is
    not there yet is known by the nearest folder that is, and its name below: ``new/../clip.mp4`` is ``clip.mp4``, since
    whoever writes it makes ``new`` first. Folders are looked at once: an object is for one moment.
    """

    def __init__(self) -> None:
        self._real: dict[str, str] = {}
        self._ignores_case: dict[str, bool] = {}

    def of(self, path: str | Path) -> Hashable:
        """The place of a path."""
        try:
            real = self._resolved(os.fspath(path))
            if facts := _facts(real):
                return facts
            folder, below = os.path.split(real)
            while (known := _facts(folder)) is None and folder != os.path.dirname(folder):  # noqa: PTH120
                folder, name = os.path.split(folder)
                below = f"{name}/{below}"
        except ValueError:  # a name that no file can have
            return str(path)
        if folder not in self._ignores_case:
            self._ignores_case[folder] = ignores_case(folder)
        return known, _folded(below) if self._ignores_case[folder] else below

    def _resolved(self, path: str) -> str:
        folder, name = os.path.split(path)
        if name in ("", os.curdir, os.pardir):
            return os.path.realpath(path)
        if folder not in self._real:
            self._real[folder] = os.path.realpath(folder)
        joined = os.path.join(self._real[folder], name)  # noqa: PTH118 - thousands of them
        return os.path.realpath(joined) if os.path.islink(joined) else joined  # noqa: PTH114


def same_place(one: str | Path, other: str | Path) -> bool:
    """Whether two paths mean the same file."""
    places = Places()
    return places.of(one) == places.of(other)


def ignores_case(folder: str | Path) -> bool:
    """Whether an existing folder takes names that differ in the case of letters for one; tried on a file that is there."""
    try:
        names = set(os.listdir(folder))  # noqa: PTH208 - names are all that is wanted
    except OSError:
        return False
    for name in names:
        if name.swapcase() not in (name, *names):
            return _is_there(folder, name.swapcase())
    above, name = os.path.split(os.path.abspath(folder))  # noqa: PTH100
    return name.swapcase() != name and _is_same(os.path.join(above, name), os.path.join(above, name.swapcase()))  # noqa: PTH118


def _facts(path: str) -> Hashable | None:
    """Device and number of a file or folder; its path where the file system has no numbers; None where nothing is."""
    try:
        facts = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return (facts.st_dev, facts.st_ino) if facts.st_ino else os.path.normcase(path)


def _is_there(folder: str | Path, name: str) -> bool:
    return os.path.lexists(os.path.join(folder, name))  # noqa: PTH118


def _is_same(one: str, other: str) -> bool:
    found = _facts(one)
    return found is not None and found == _facts(other)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
