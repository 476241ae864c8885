"""Files of class names, in the forms that people and programs write them."""

from __future__ import annotations

import codecs
import json
import re
from pathlib import Path
from typing import Any

from streamcam.errors import ModelError

_REMEDY = "give a text file with one name a line, in the order of the classes"
_LISTS = ("labels", "class_names", "classes", "names", "id2label")  # keys under which programs put the names
_HEADINGS = frozenset({"class", "class_id", "class_name", "id", "idx", "index", "label", "name"})


def read_labels(path: Path) -> tuple[str, ...]:
    """Read class names, in class order.

    Understood are text with one name a line (as plain names, or numbered ``0 cat`` as Teachable Machine writes them)
    and JSON: a list of names, an object from class index to name or from name to class index (``class_indices`` of
    Keras), or an object with such a thing under ``labels``, ``class_names``, ``classes``, ``names`` or ``id2label``.
    Text is UTF-8, UTF-16, or else Windows' Latin 1.

    Raises:
        ModelError: the file cannot be read or holds no list of names.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: the labels cannot be read ({error.strerror}); {_REMEDY}") from error
    text = _decoded(data)
    if re.search(r"[\x00-\x08\x0e-\x1f]", text):
        raise ModelError(f"{path}: not labels but a binary file; {_REMEDY}")
    if path.suffix.lower() == ".json" or re.match(r"\s*[{\[]", text):
        names = _from_json(text, path)
    else:
        _refuse_tables(text, path)
        names = _from_lines(text)
    if not names:
        raise ModelError(f"{path}: no labels in it; {_REMEDY}")
    return names


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    if len(data) > 3 and len(data) % 2 == 0 and data.count(0) >= len(data) // 4:  # most names are written in ASCII
        return data.decode("utf-16-le" if data[1] == 0 else "utf-16-be", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _refuse_tables(text: str, path: Path) -> None:
    """Refuse what is written in another way: each of its lines would become a name."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    ending = path.suffix.lower()
    if ending in (".yaml", ".yml") or (lines and all(line.startswith("- ") for line in lines[1:] or lines)):
        raise ModelError(f"{path}: is YAML, which is not read; {_REMEDY}")
    heading = {word.strip(" \"'").lower() for word in re.split(r"[,;\t]", lines[0])} if lines else set()
    if ending in (".csv", ".tsv") or (len(heading) > 1 and heading <= _HEADINGS):
        raise ModelError(f"{path}: is a table (CSV), which is not read; {_REMEDY}")


def _from_lines(text: str) -> tuple[str, ...]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    numbered = [re.match(r"(\d+)[\s,:;]+(.+)", line) for line in lines]
    if all(match and int(match[1]) == i for i, match in enumerate(numbered)):
        return tuple(match[2].strip() for match in numbered if match)
    return tuple(lines)


def _from_json(text: str, path: Path) -> tuple[str, ...]:
    try:
        return _names(json.loads(text))
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path}: not a list of labels ({error!r}); give a JSON list of names, or an object with the keys 0, 1, 2, …"
        ) from error


def _names(data: Any) -> tuple[str, ...]:
    """Raises ``KeyError`` or ``TypeError`` for what is no list of names."""
    if isinstance(data, dict):
        for key in _LISTS:
            if isinstance(data.get(key), (list, dict)):
                return _names(data[key])
        if data and sorted(map(str, data.values())) == sorted(map(str, range(len(data)))):  # {"cat": 0}
            data = sorted(data, key=lambda name: int(data[name]))
        else:
            data = [data[str(i)] for i in range(len(data))]
    if not isinstance(data, list) or any(isinstance(name, dict) for name in data):
        raise TypeError("no list of names")
    # ImageNet's index in Keras has a list for each class, the name at its end.
    return tuple(str(name[-1] if isinstance(name, list) and name else name) for name in data)
