"""Which classes to explain, as people write them, and as the compiled function takes them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from numbers import Integral

import numpy as np

from streamcam.backends.recipe import SIMILAR, USUAL_RANKS
from streamcam.errors import TargetError
from streamcam.types import Int32Array

NO_CLASS = 2**30  # stands for "compared with nothing"
_VERSUS = re.compile(r"\s+(?:rather than|vs\.?|versus)\s+", re.IGNORECASE)
_SIMILAR = "similar"
_MOST_NAMED = 5  # classes that a message lists
_AGAINST = re.compile(r"not\s+", re.IGNORECASE)


def targets_of(given: Sequence[str | int] | str | int) -> tuple[str | int, ...]:
    """Targets as they are kept: one alone is one, and not as many as it has letters.

    Raises:
        TargetError: something is no class.
    """
    several = (given,) if isinstance(given, str | Integral) or not isinstance(given, Iterable) else tuple(given)
    for one in several:
        if not isinstance(one, str | Integral):
            raise TargetError(f"{one}: is no class; a target is a label, a class index, or top1, top2, …")
    return tuple(one if isinstance(one, str) else int(one) for one in several)


def resolve_targets(targets: Sequence[str | int] | str | int, labels: tuple[str, ...]) -> Int32Array:
    """Turn targets into ``(K, 3)`` int32: a class, the class it is compared with or ``NO_CLASS``, and 1 or -1.

    A class is a rank (``top1``, ``top2``, …), a label in any case, or a class index; a rank becomes a negative number
    (-1 the most probable class). A target is a class, two of them (``tiger vs zebra``: what speaks for the one rather
    than for the other), a class and its rivals (``tiger vs similar``: rather than for the most probable others), or any of
    these after ``not`` (``not tiger``: what speaks against it).

    Raises:
        TargetError: the model has no such class; the message lists the nearest.
    """
    targets = targets_of(targets)
    if not targets:
        raise TargetError("no class to explain; name at least one target, for example top1")
    return np.array([_resolve(target, labels) for target in targets], np.int32)


def ranks_of(targets: Int32Array) -> int:
    """Down to which rank classes must be sorted for ``(K, 3)`` int32 targets: the usual one, or as often doubled as it takes."""
    deepest = -int(targets[:, :2].min())
    return max(USUAL_RANKS, 1 << (deepest - 1).bit_length() if deepest > 0 else 0)


def single_target(index: int) -> Int32Array:
    """``(1, 3)`` int32: one class or rank, compared with nothing."""
    return np.array([[index, NO_CLASS, 1]], np.int32)


def _resolve(target: str | int, labels: tuple[str, ...]) -> tuple[int, int, int]:
    text = str(target).strip()
    if text.casefold() in (label.casefold() for label in labels):
        return _class(target, labels), NO_CLASS, 1
    sign = 1
    if match := _AGAINST.match(text):
        text, sign = text[match.end() :], -1
    one, *other = _VERSUS.split(text, maxsplit=1)
    index = _class(one if one != str(target) else target, labels)
    versus = _other(other[0], labels) if other else NO_CLASS
    if index == versus:
        raise TargetError(f"{text}: compares a class with itself; name two")
    return index, versus, sign


def _other(text: str, labels: tuple[str, ...]) -> int:
    """What a class is compared with."""
    is_class = _SIMILAR in (label.casefold() for label in labels)
    return SIMILAR if text.strip().casefold() == _SIMILAR and not is_class else _class(text, labels)


def _class(target: str | int, labels: tuple[str, ...]) -> int:
    text = str(target).strip()
    if not text:
        raise TargetError("target '': name a class by its label, its index, or top1, top2, …")
    if rank := re.fullmatch(r"top(\d+)", text, re.IGNORECASE):
        if 1 <= int(rank[1]) <= len(labels):
            return -int(rank[1])
        raise TargetError(f"{text}: the model has {len(labels)} classes, so ranks go from top1 to top{len(labels)}")
    names = [label.casefold() for label in labels]
    if isinstance(target, str) and names.count(text.casefold()) == 1:
        return names.index(text.casefold())
    if re.fullmatch(r"\d+", text):
        if int(text) < len(labels):
            return int(text)
        raise TargetError(f"{text}: the model has {len(labels)} classes, 0 to {len(labels) - 1}")
    same = [str(i) for i, name in enumerate(names) if name == text.casefold()]
    if same:
        raise TargetError(f"{text}: several classes have this label; name one by its index: {', '.join(same)}")
    near = _nearest(text.casefold(), names)
    hint = f"; the nearest are {', '.join(labels[names.index(name)] for name in near)}" if near else ""
    raise TargetError(
        f"{text}: the model knows no such class{hint}; a target is a label, a class index, or top1, top2, …"
    )


def _nearest(text: str, names: Sequence[str]) -> list[str]:
    """Those names that are likely meant: with the same word, with a word that begins so, then by spelling."""
    words = {name: re.findall(r"\w+", name) for name in names}
    found = [name for name in words if text in words[name]]
    found += [name for name in words if any(word.startswith(text) for word in words[name]) and name not in found]
    if not found:
        found = difflib.get_close_matches(text, names, n=3, cutoff=0.5)
        found += [name for name in names if text in name and name not in found]
    return found[:_MOST_NAMED]
