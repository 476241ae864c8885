"""The explainers that are kept between calls, so that the second picture takes milliseconds."""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from collections.abc import Hashable
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from streamcam.backends.load import is_model_file
from streamcam.explainers.given import classifier_from
from streamcam.explainers.gradcam import GradCAM
from streamcam.explainers.make import make_explainer
from streamcam.models.classifier import Classifier
from streamcam.settings import ExplainSettings

if TYPE_CHECKING:
    import keras

    Model: TypeAlias = str | PathLike[str] | Classifier | keras.Model

_MOST = 4

_lock = threading.Lock()
_kept: OrderedDict[Hashable, tuple[Any, GradCAM]] = OrderedDict()


def explainer_of(model: Model, **options: Any) -> GradCAM:
    """An explainer of a model with these options of ``GradCAM``: the one of before, where nothing about it has changed.

    A model file that was written anew, and a Keras model whose weights have changed, are taken over anew.

    Raises:
        ModelError, LayerError, OptionError: see ``load_model`` and ``GradCAM``.
    """
    key = (_identity(model), *sorted((name, _hashable(value)) for name, value in options.items()))
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key][1]
        explain = GradCAM(classifier_from(model), **options)
        _kept[key] = model, explain  # the model, too: its identity is its place in memory
        while len(_kept) > _MOST:
            _kept.popitem(last=False)
        return explain


def explainer_for(model: Model, settings: ExplainSettings) -> GradCAM:
    """An explainer of a model as settings say, for pictures or for clips; not kept.

    Raises:
        ModelError, LayerError, OptionError: see ``load_model`` and ``GradCAM``.
    """
    return make_explainer(settings, classifier_from(model), in_flight=2)


def _identity(model: Any) -> Hashable:
    """Changes with the model."""
    if isinstance(model, str | PathLike):
        path = Path(fspath(model))
        if not is_model_file(path):
            return str(model)
        facts = path.stat() if path.exists() else None
        return str(path.absolute()), facts and (facts.st_size, facts.st_mtime_ns)
    network = getattr(model.network, "build", None) if isinstance(model, Classifier) else None
    inside = network() if network and isinstance(model, Classifier) and model.fingerprint is None else model
    return id(model), _checksum(inside)


def _checksum(model: Any) -> int:
    """Of all weights of a Keras model: it may be trained further between two calls."""
    total = 0
    for variable in getattr(model, "weights", ()):
        total = zlib.adler32(np.ascontiguousarray(variable).reshape(-1).view(np.uint8).data, total)
    return total


def _hashable(value: Any) -> Hashable:
    return tuple(value) if isinstance(value, list | tuple) else value
