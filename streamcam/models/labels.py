"""Class names: the ImageNet list of the package, and label files that users bring."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from pathlib import Path

from streamcam.errors import ModelError


@cache
def imagenet_labels() -> tuple[str, ...]:
    """The 1,000 names of the ImageNet challenge, in class order."""
    rows = (files("streamcam.models") / "imagenet_classes.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return tuple(row.split("\t")[2] for row in rows)


def read_labels(path: Path) -> tuple[str, ...]:
    """Read class names, in class order.

    Understood are text with one name a line (as plain names, or numbered ``0 cat`` as Teachable Machine writes them)
    and JSON, either a list of names or an object from class index to name.

    Raises:
        ModelError: the file cannot be read or holds no list of names.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"{path}: the labels cannot be read ({error}); give a UTF-8 text file, one name a line"
        ) from error
    names = _from_json(text, path) if path.suffix.lower() == ".json" else _from_lines(text)
    if not names:
        raise ModelError(f"{path}: no labels in it; give one name a line, in the order of the classes")
    return names


def _from_lines(text: str) -> tuple[str, ...]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    numbered = [re.match(r"(\d+)[\s,:;]+(.+)", line) for line in lines]
    if all(match and int(match[1]) == i for i, match in enumerate(numbered)):
        return tuple(match[2].strip() for match in numbered if match)
    return tuple(lines)


def _from_json(text: str, path: Path) -> tuple[str, ...]:
    try:
        data = json.loads(text)
        if isinstance(data, dict):
            data = [data[str(i)] for i in range(len(data))]
        return tuple(str(name) for name in data)
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path}: not a list of labels ({error!r}); give a JSON list, or an object with the keys 0, 1, 2, …"
        ) from error
