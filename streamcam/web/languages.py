"""Reads the page's languages: for each a file of sentences and, where there is one, a file of class names."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from streamcam.errors import OptionError, StreamcamError
from streamcam.models.label_files import read_labels

_LABELS = ".labels"


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the page.

    Attributes:
        code: as in the name of its file.
        sentences: by their keys, as in ``en.json``.
        labels: one name a class, or None for the model's own.
    """

    code: str
    sentences: dict[str, str]
    labels: tuple[str, ...] | None = None


def languages(folder: Path | None, model_labels: tuple[str, ...]) -> dict[str, Language]:
    """The package's languages, and those of a folder, which win. The package names common things in its languages, by their
    English names; what it does not name keeps the model's name.

    The folder may hold ``xx.json`` with sentences (missing ones are taken from English) and ``xx.labels.txt`` or
    ``.json`` with class names, for any language ``xx``.

    Args:
        folder: of the user, or None.
        model_labels: one name a class.

    Raises:
        OptionError: a file cannot be used.
    """
    texts = {
        path.name.removesuffix(".json"): path.read_text(encoding="utf-8")
        for path in (files("streamcam.web") / "static" / "languages").iterdir()
        if path.name.endswith(".json")
    }
    english = json.loads(texts["en"])
    names = _class_names()
    found = {
        code: Language(code, english | json.loads(text), _translated(names.get(code, {}), model_labels))
        for code, text in sorted(texts.items())
    }
    if folder is None:
        return found
    if not folder.is_dir():
        raise OptionError(f"{folder}: is no folder; --languages takes one with files such as it.json and it.labels.txt")
    for path in sorted(folder.iterdir()):
        code = path.name.split(".")[0]
        known = found.get(code, Language(code, english))
        if path.stem.endswith(_LABELS) and path.suffix in (".txt", ".json"):
            found[code] = Language(code, known.sentences, _labels(path, len(model_labels)))
        elif path.suffix == ".json":
            found[code] = Language(code, known.sentences | _sentences(path, english), known.labels)
    return found


def _class_names() -> dict[str, dict[str, str]]:
    """By language, then by English name."""
    text = (files("streamcam.web") / "class_names.tsv").read_text(encoding="utf-8")
    head, *rows = (line.split("\t") for line in text.splitlines())
    return {code: {row[0]: row[at] for row in rows} for at, code in enumerate(head) if at}


def _translated(names: dict[str, str], labels: tuple[str, ...]) -> tuple[str, ...] | None:
    if not any(label in names for label in labels):
        return None
    return tuple(names.get(label, label) for label in labels)


def _labels(path: Path, count: int) -> tuple[str, ...]:
    try:
        labels = read_labels(path)
    except StreamcamError as error:
        raise OptionError(str(error)) from error
    if len(labels) != count:
        raise OptionError(f"{path}: has {len(labels)} names; the model has {count} classes")
    return labels


def _sentences(path: Path, english: dict[str, str]) -> dict[str, str]:
    try:
        sentences = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OptionError(f"{path}: cannot be read as JSON ({error})") from error
    if not isinstance(sentences, dict) or not all(isinstance(value, str) for value in sentences.values()):
        raise OptionError(f"{path}: must be a JSON object of sentences, as en.json is")
    if unknown := set(sentences) - set(english):
        raise OptionError(f"{path}: nothing uses {', '.join(sorted(unknown))}; the keys are those of en.json")
    return sentences
