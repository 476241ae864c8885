"""The classifiers of ``keras.applications``, by name."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from streamcam.errors import ModelError

if TYPE_CHECKING:
    import keras

    from streamcam.models.catalog import CatalogEntry


def build_application(entry: CatalogEntry, weights: str) -> keras.Model:
    """Build a network of ``keras.applications``.

    Args:
        entry: which one.
        weights: ``imagenet`` (Keras keeps them in its own folder and fetches them at the first use), ``none`` (random,
            the same in every run), or the path of a weights file.

    Raises:
        ModelError: the weights cannot be had; the message names the file and where to put it.
    """
    import keras

    factory = getattr(keras.applications, str(entry.factory))
    if weights == "imagenet":
        try:
            return factory(weights="imagenet")
        except Exception as error:  # Keras raises a bare Exception here
            raise _weights_error(entry, error) from error
    model = seeded(partial(factory, weights=None))
    if weights != "none":
        load_weights(model, Path(weights), entry.name)
    return model


def load_weights(model: keras.Model, path: Path, name: str) -> None:
    """Fill a model from a weights file (``.weights.h5``, or a legacy ``.h5``).

    Raises:
        ModelError: the file is missing or does not fit the model.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such weights file; --weights takes imagenet, none, or the path of a .h5 file")
    try:
        model.load_weights(path)
    except Exception as error:  # h5py and Keras raise OSError, ValueError, KeyError, …
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{path}: these weights do not fit {name} ({reason})") from error


def seeded(factory: Callable[[], keras.Model]) -> keras.Model:
    """Build a network with random weights that are the same in every run."""
    # Keras draws each initialiser's seed from Python's generator, so seeding that one is enough.
    state = random.getstate()
    random.seed(0)
    try:
        return factory()
    finally:
        random.setstate(state)


def _weights_error(entry: CatalogEntry, error: Exception) -> ModelError:
    url = re.search(r"URL fetch failure on (\S+?): ", str(error))
    if not url:
        reason = " ".join(str(error).split())[:300]
        return ModelError(f"{entry.name}: its ImageNet weights cannot be loaded ({reason})")
    folder = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models"
    file = url[1].rsplit("/", 1)[-1]
    return ModelError(
        f"{entry.name}: its ImageNet weights are not on this machine and cannot be fetched; "
        f"put {file} (from {url[1]}) into {folder}, or use --weights none for random weights"
    )
