"""Class names: the ImageNet list of the package, and the files that lie beside a model."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

from streamcam.errors import ModelError
from streamcam.models.assumed import say_once
from streamcam.models.classifier import Classifier
from streamcam.models.label_files import read_labels

# Of any model in the folder. `metadata.json` is Teachable Machine's; other programs have files of that name, too.
_NAMES = ("labels.txt", "class_names.txt", "classes.txt", "labels.json", "class_indices.json", "metadata.json")


@cache
def imagenet_labels() -> tuple[str, ...]:
    """The 1,000 names of the ImageNet challenge, in class order."""
    rows = (files("streamcam.models") / "imagenet_classes.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return tuple(row.split("\t")[2] for row in rows)


def default_labels(count: int) -> tuple[str, ...]:
    """Names for the classes of a model that brings none: ImageNet's for 1,000 of them, numbers otherwise."""
    return imagenet_labels() if count == 1000 else tuple(f"class {i}" for i in range(count))


def with_labels_beside(classifier: Classifier, model: Path) -> Classifier:
    """A classifier with the names that lie beside its file, if there are any that fit.

    Looked for are ``STEM.labels.txt``, ``STEM.labels.json``, ``labels.txt``, ``class_names.txt``, ``classes.txt``,
    ``labels.json``, ``class_indices.json`` and ``metadata.json``, in this order. Files of which none fits are named in
    a ``StreamcamWarning``.

    Args:
        classifier: which was read from the file.
        model: path of the file.
    """
    refused = []
    for path in _beside(model):
        try:
            return classifier.with_labels(read_labels(path), source=str(path))
        except ModelError as error:
            if path.name != "metadata.json":
                refused.append(str(error))
    if refused:
        say_once(f"{refused[0]}. It was found beside {model.name} and is left out: --labels names another")
    return classifier


def _beside(model: Path) -> Iterator[Path]:
    for name in (f"{model.stem}.labels.txt", f"{model.stem}.labels.json", *_NAMES):
        if (path := model.with_name(name)).is_file():
            yield path
