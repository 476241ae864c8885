"""A name or a path becomes a classifier: bundled weights, ``keras.applications``, or a user's own file."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from streamcam.errors import ModelError
from streamcam.models import catalog
from streamcam.models.classifier import Classifier, default_labels, wrap_model
from streamcam.models.efficientnet_lite import WEIGHTS_SHA256
from streamcam.models.labels import imagenet_labels, read_labels
from streamcam.models.preprocessing import PREPROCESSINGS, preprocessing_named
from streamcam.settings import ModelSettings
from streamcam.system.cache import Cache, key_of, usual_cache
from streamcam.system.libraries import load_tensorflow
from streamcam.system.versions import versions

if TYPE_CHECKING:
    import keras


def load_model(
    model: str | Path = catalog.BUNDLED,
    *,
    weights: str = "imagenet",
    labels: str | Path | None = None,
    preprocess: str | None = None,
    trust: bool = False,
    cache: Cache | bool = True,
) -> Classifier:
    """Find a classifier by name, or load one from a file.

    Args:
        model: a name that ``streamcam models`` lists, or the path of a ``.keras`` or ``.h5`` file.
        weights: for a name: ``imagenet``, ``none`` (random, the same in every run), or the path of a weights file.
        labels: a file of class names (see ``read_labels``). A ``labels.txt`` beside a model file is found by itself.
        preprocess: ``none``, ``unit``, ``tf``, ``torch``, ``caffe`` or ``lite``; found from the model if None.
        trust: let a model file run code of its own (Lambda layers).
        cache: whether what a model file says of itself is kept on disk (True: in the usual folder).

    Raises:
        ModelError: no such model, or its weights or labels do not fit.
    """
    classifier = (
        _from_file(Path(model), weights, trust, usual_cache(cache))
        if is_model_file(model)
        else _from_catalog(str(model), weights)
    )
    beside = Path(model).with_name("labels.txt")
    if labels is None and is_model_file(model) and beside.is_file():
        labels = beside
    if labels is not None:
        classifier = classifier.with_labels(read_labels(Path(labels)), source=str(labels))
    return classifier.with_preprocessing(preprocessing_named(preprocess)) if preprocess else classifier


def load_classifier(settings: ModelSettings, *, cache: Cache | bool = True) -> Classifier:
    """The same, from settings."""
    return load_model(**asdict(settings), cache=cache)


def is_model_file(model: str | Path) -> bool:
    """Whether this is the path of a model file rather than a name of the catalog."""
    if catalog.knows(str(model)):
        return False
    return Path(model).suffix.lower() in (".keras", ".h5", ".hdf5") or Path(model).exists()


def _from_catalog(name: str, weights: str) -> Classifier:
    entry = catalog.find(name)

    @functools.cache
    def build() -> keras.Model:
        load_tensorflow()
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

    trained = f"{entry.name}:{WEIGHTS_SHA256}" if entry.factory is None else f"{entry.name}:imagenet"
    return Classifier(
        name=entry.name,
        preprocessing=PREPROCESSINGS[entry.preprocess],
        labels=imagenet_labels(),
        input_size=(entry.input_size, entry.input_size),
        stride=32,
        gives_probabilities=True,
        fingerprint=trained if weights == "imagenet" else f"{entry.name}:{_weights_identity(weights)}",
        build=build,
    )


def _weights_identity(weights: str) -> str:
    return "random" if weights == "none" else _sha256(Path(weights))


def _sha256(path: Path) -> str:
    """The checksum of a file, or of nothing where it cannot be read: that is said when it is loaded."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "unreadable"


def _from_file(path: Path, weights: str, trust: bool, cache: Cache | None) -> Classifier:
    if not path.exists():
        raise ModelError(f"{path}: no such model file")
    if weights != "imagenet":
        raise ModelError(
            f"--weights {weights}: a model file brings its own weights; --weights goes with a model's name"
        )

    @functools.cache
    def build() -> keras.Model:
        load_tensorflow()
        from streamcam.models.files import load_model_file

        return load_model_file(path, trust=trust)

    # What a model file says of itself is kept, so that a graph that is kept too needs no TensorFlow.
    fingerprint = f"{_sha256(path)}{':trusted' if trust else ''}"
    key = key_of({"kind": "model", "model": fingerprint, "versions": versions()})
    if cache and (found := cache.get(key)):
        facts = found[0]
        preprocessing = PREPROCESSINGS[facts["preprocess"]]
        classifier = Classifier(
            name=path.name,
            preprocessing=preprocessing.gray() if facts["gray"] else preprocessing,
            labels=default_labels(facts["classes"]),
            input_size=(facts["input_size"][0], facts["input_size"][1]),
            stride=facts["stride"],
            gives_probabilities=facts["gives_probabilities"],
            fingerprint=fingerprint,
            build=build,
        )
    else:
        classifier = replace(wrap_model(build(), name=path.name), fingerprint=fingerprint, build=build)
        facts = {
            "model": path.name,
            "preprocess": classifier.preprocessing.name,
            "gray": classifier.preprocessing.order == "gray",
            "classes": len(classifier.labels),
            "input_size": classifier.input_size,
            "stride": classifier.stride,
            "gives_probabilities": classifier.gives_probabilities,
        }
        if cache:
            cache.put(key, facts, {})
    return classifier
