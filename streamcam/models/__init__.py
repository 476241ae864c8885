"""A name or a path becomes a classifier: bundled weights, ``keras.applications``, or a user's own file."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from streamcam.errors import ModelError
from streamcam.models import catalog
from streamcam.models.classifier import Classifier, wrap_model
from streamcam.models.labels import imagenet_labels, read_labels
from streamcam.models.preprocessing import PREPROCESSINGS, preprocessing_named

if TYPE_CHECKING:
    import keras

__all__ = ["Classifier", "load_model", "wrap_model"]


def load_model(
    model: str | Path = catalog.BUNDLED,
    *,
    weights: str = "imagenet",
    labels: str | Path | None = None,
    preprocess: str | None = None,
    trust: bool = False,
) -> Classifier:
    """Find a classifier by name, or load one from a file.

    Args:
        model: a name that ``streamcam models`` lists, or the path of a ``.keras`` or ``.h5`` file.
        weights: for a name: ``imagenet``, ``none`` (random, the same in every run), or the path of a weights file.
        labels: a file of class names (see ``read_labels``). A ``labels.txt`` beside a model file is found by itself.
        preprocess: ``none``, ``unit``, ``tf``, ``torch``, ``caffe`` or ``lite``; found from the model if None.
        trust: let a model file run code of its own (Lambda layers).

    Raises:
        ModelError: no such model, or its weights or labels do not fit.
    """
    classifier = _from_file(Path(model), weights, trust) if is_model_file(model) else _from_catalog(str(model), weights)
    if labels is not None:
        classifier = classifier.with_labels(read_labels(Path(labels)))
    return classifier.with_preprocessing(preprocessing_named(preprocess)) if preprocess else classifier


def is_model_file(model: str | Path) -> bool:
    """Whether this is the path of a model file rather than a name of the catalog."""
    return Path(model).suffix.lower() in (".keras", ".h5", ".hdf5") or Path(model).exists()


def _from_catalog(name: str, weights: str) -> Classifier:
    entry = catalog.find(name)

    @cache
    def build() -> keras.Model:
        from streamcam.models.applications import build_application, load_weights, seeded
        from streamcam.models.efficientnet_lite import efficientnet_lite0, load_bundled_weights

        if entry.factory is not None:
            return build_application(entry, weights)
        network = seeded(efficientnet_lite0)
        if weights == "imagenet":
            load_bundled_weights(network)
        elif weights != "none":
            load_weights(network, Path(weights), entry.name)
        return network

    return Classifier(
        name=entry.name,
        preprocessing=PREPROCESSINGS[entry.preprocess],
        labels=imagenet_labels(),
        input_size=(entry.input_size, entry.input_size),
        stride=32,
        build=build,
    )


def _from_file(path: Path, weights: str, trust: bool) -> Classifier:
    if not path.exists():
        raise ModelError(f"{path}: no such model file")
    if weights != "imagenet":
        raise ModelError(
            f"--weights {weights}: a model file brings its own weights; --weights goes with a model's name"
        )

    from streamcam.models.files import load_model_file

    beside = path.with_name("labels.txt")
    return wrap_model(
        load_model_file(path, trust=trust),
        labels=read_labels(beside) if beside.is_file() else None,
        name=path.name,
    )
