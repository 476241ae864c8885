"""What people give an explainer for a model: its name, its path, or the model as it is."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from streamcam.backends.keras.wrap import wrap_model
from streamcam.backends.load import load_model
from streamcam.errors import OptionError
from streamcam.models.classifier import Classifier

if TYPE_CHECKING:
    import keras


def classifier_from(given: Classifier | keras.Model | str | Path) -> Classifier:
    """A classifier of a name, a path or a Keras model; one that is a classifier as it is.

    Raises:
        ModelError: there is no such model, or it is no classifier.
        OptionError: it is no model.
    """
    if isinstance(given, Classifier):
        return given
    if isinstance(given, str | PathLike):
        return load_model(fspath(given))
    if not callable(given) or not hasattr(given, "name"):
        raise OptionError(
            f"{type(given).__name__}: is no model; give a name, the path of a model file, or a Keras model "
            "(a PyTorch model comes in through ONNX)"
        )
    return wrap_model(given)


def check_choices(**options: tuple[str, Any]) -> None:
    """Raise ``OptionError`` for the first option whose value is none of its choices."""
    for option, (value, choices) in options.items():
        if value not in get_args(choices):
            raise OptionError(f"{option} {value}: choose one of {', '.join(get_args(choices))}")
