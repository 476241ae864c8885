"""A name or a path becomes a classifier: bundled weights, ``keras.applications``, or a user's own file."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamcam.backends.format import ENDINGS, GRAPHS, likely_format
from streamcam.backends.keras.imports import sources_of
from streamcam.backends.keras.network import KerasNetwork
from streamcam.backends.keras.wrap import classifier_of
from streamcam.backends.motions.classifier import motions_classifier
from streamcam.backends.openvino.description import Description
from streamcam.backends.openvino.files import fingerprint_of
from streamcam.backends.openvino.network import GraphNetwork
from streamcam.backends.trial import files_of, needs_tensorflow, read_forward, try_out
from streamcam.backends.weights.lite import LITES
from streamcam.errors import ModelError
from streamcam.models import catalog
from streamcam.models.assumed import say_assumed
from streamcam.models.classifier import Classifier, ClipInput, Network
from streamcam.models.label_files import read_labels
from streamcam.models.labels import default_labels, imagenet_labels, with_labels_beside
from streamcam.models.preprocessing import PREPROCESSINGS, preprocessing_named
from streamcam.settings import ModelSettings
from streamcam.system.cache import Cache, key_of, usual_cache
from streamcam.system.libraries import has_openvino, load_tensorflow
from streamcam.system.versions import versions
from streamcam.system.wire import from_builtins, to_builtins

if TYPE_CHECKING:
    import keras

    from streamcam.backends.openvino.forward import Forward


def load_model(
    model: str | Path = catalog.BUNDLED,
    *,
    weights: str = "imagenet",
    labels: str | Path | None = None,
    preprocess: str | None = None,
    output: str | int | None = None,
    trust: bool = False,
    imports: Sequence[str] = (),
    cache: Cache | bool = True,
) -> Classifier:
    """Find a classifier by name, or load one from a file.

    Args:
        model: a name that ``streamcam models`` lists, or the path of a ``.keras``, ``.h5``, ``.onnx``,
            ``.tflite``, OpenVINO ``.xml`` or frozen ``.pb`` file, or of a SavedModel folder.
        weights: for a name: ``imagenet``, ``none`` (random, the same in every run), or the path of a weights file.
        labels: a file of class names (see ``read_labels``). One beside a model file is found by itself (see
            ``with_labels_beside``).
        preprocess: ``none``, ``unit``, ``tf``, ``torch``, ``caffe`` or ``lite``, each also with the other channel order
            (``unit-bgr``, ``caffe-rgb``); found from the model if None.
        output: name or number of the output that holds the classes, where a model file has several; None for the only
            one that can.
        trust: let a model file run code of its own (Lambda layers).
        imports: installed modules that hold a Keras file's own layers; they are imported before it is read.
        cache: whether what a model file says of itself is kept on disk (True: in the usual folder).

    Raises:
        ModelError: no such model, or its weights or labels do not fit.

    Example::

        classifier = streamcam.load_model("mine.keras", labels="names.txt", preprocess="unit")
    """
    if output is not None and not is_model_file(model):
        raise ModelError(f"--model-output {output}: {model} has one output; --model-output goes with a model file")
    classifier = (
        _from_file(Path(model), weights, output, trust, tuple(imports), usual_cache(cache))
        if is_model_file(model)
        else _from_catalog(str(model), weights)
    )
    if labels is not None:
        classifier = classifier.with_labels(read_labels(Path(labels)), source=str(labels))
    elif is_model_file(model):
        classifier = with_labels_beside(classifier, Path(model))
    if preprocess:
        classifier = classifier.with_preprocessing(preprocessing_named(preprocess))
    say_assumed(classifier)
    place = str(Path(model).absolute()) if is_model_file(model) else str(model)
    imports = tuple(imports)
    origin = ModelSettings(
        model=place, weights=weights, model_output=None if output is None else str(output), trust=trust, imports=imports
    )
    again = functools.partial(network_again, origin, classifier.fingerprint)
    network: Any = classifier.network
    return replace(classifier, network=replace(network, again=again))


def network_again(origin: ModelSettings, fingerprint: str | None) -> Network:
    """The network of a classifier that was pickled, loaded once more.

    Raises:
        ModelError: it is not there any more, or another one.
    """
    classifier = load_classifier(origin)
    if classifier.fingerprint != fingerprint:
        raise ModelError(f"{origin.model}: has changed since its explainer was pickled; make a new one")
    return classifier.network


def load_classifier(settings: ModelSettings, *, cache: Cache | bool = True) -> Classifier:
    """The same, from settings."""
    given = asdict(settings)
    output = given.pop("model_output")
    return load_model(**given, output=output, cache=cache)


def is_model_file(model: str | Path) -> bool:
    """Whether this is the path of a model file rather than a name of the catalog."""
    if catalog.knows(str(model)):
        return False
    return Path(model).suffix.lower() in ENDINGS or Path(model).exists()


def weights_for_layers(model: str) -> str:
    """The ``weights`` with which a model's layers are known soonest: only those that are here already."""
    is_here = is_model_file(model) or catalog.find(model).name == catalog.BUNDLED
    return "imagenet" if is_here else "none"


def _from_catalog(name: str, weights: str) -> Classifier:
    entry = catalog.find(name)
    if entry.name == catalog.MOTIONS:
        return motions_classifier(entry, weights)
    lite = LITES.get(entry.name)

    @functools.cache
    def build() -> keras.Model:
        load_tensorflow(entry.name)
        from streamcam.backends.keras.applications import build_application, load_weights, seeded
        from streamcam.backends.keras.efficientnet_lite import efficientnet_lite, load_lite_weights

        if lite is None:
            return build_application(entry, weights)
        network = seeded(lambda: efficientnet_lite(lite))
        if weights == "imagenet":
            load_lite_weights(network, lite)
        elif weights != "none":
            load_weights(network, Path(weights), entry.name)
        return network

    @functools.cache
    def ready() -> Forward:
        from streamcam.backends.openvino.efficientnet_lite import lite_forward

        assert lite
        return lite_forward(lite)

    comes_converted = lite is not None and weights == "imagenet" and has_openvino()
    trained = f"{entry.name}:{lite.sha256 if lite else 'imagenet'}"
    return Classifier(
        name=entry.name,
        preprocessing=PREPROCESSINGS[entry.preprocess],
        labels=imagenet_labels(),
        input_size=(entry.input_size, entry.input_size),
        stride=32,
        gives_probabilities=True,
        fingerprint=trained if weights == "imagenet" else f"{entry.name}:{_weights_identity(weights)}",
        network=KerasNetwork(build, ready if comes_converted else None),
        preprocess_from="name",
        fixed_size=entry.fixed_size,
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


def _from_file(
    path: Path, weights: str, output: str | int | None, trust: bool, imports: tuple[str, ...], cache: Cache | None
) -> Classifier:
    if not path.exists():
        raise ModelError(f"{path}: no such model file")
    if weights != "imagenet":
        raise ModelError(
            f"--weights {weights}: a model file brings its own weights; --weights goes with a model's name"
        )

    if (form := likely_format(path)) in GRAPHS:
        if form == "savedmodel" and path.is_file():
            path = path.parent  # its saved_model.pb was named, which needs the variables beside it
        number = int(output) if isinstance(output, str) and output.isdigit() else output
        return _from_graph_file(path, cache, number)

    @functools.cache
    def build() -> keras.Model:
        load_tensorflow(path.name)
        from streamcam.backends.keras.files import load_model_file

        return load_model_file(path, trust=trust, imports=imports)

    # What a model file says of itself is kept, so that a graph that is kept too needs no TensorFlow.
    options = [
        "trusted" * trust,
        *(f"{name}={sources_of(name)}" for name in imports),
        "" if output is None else str(output),
    ]
    fingerprint = ":".join([_sha256(path), *filter(None, options)])
    key = key_of({"kind": "classifier", "model": fingerprint, "versions": versions()})
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
            preprocess_from=facts["preprocess_from"],
            fit=facts["fit"],
            fixed_size=facts["fixed_size"],
            assumed=tuple(facts["assumed"]),
            output=facts["output"],
            layout=facts["layout"],
            clip=from_builtins(facts["clip"], ClipInput) if facts["clip"] else None,
            fingerprint=fingerprint,
            network=KerasNetwork(build),
        )
    else:
        classifier = classifier_of(build(), path.name, output=output)
        classifier = replace(classifier, fingerprint=fingerprint, network=KerasNetwork(build))
        facts = {
            "model": path.name,
            "preprocess": classifier.preprocessing.name,
            "gray": classifier.preprocessing.order == "gray",
            "classes": len(classifier.labels),
            "input_size": classifier.input_size,
            "stride": classifier.stride,
            "gives_probabilities": classifier.gives_probabilities,
            "preprocess_from": classifier.preprocess_from,
            "fit": classifier.fit,
            "fixed_size": classifier.fixed_size,
            "assumed": classifier.assumed,
            "output": classifier.output,
            "layout": classifier.layout,
            "clip": to_builtins(classifier.clip),
        }
        if cache:
            cache.put(key, facts, {})
    return classifier


def _from_graph_file(path: Path, cache: Cache | None, output: str | int | None) -> Classifier:
    """A classifier of a file that is no Keras file. What is kept of one that was tried out spares trying it out again."""
    forward = None

    @functools.cache
    def build() -> Forward:
        return forward or read_forward(path, output)

    fingerprint = fingerprint_of(files_of(path), output)
    key = key_of({"kind": "graph file", "model": fingerprint, "versions": versions()})
    if cache and (found := cache.get(key)):
        description = from_builtins(found[0]["description"], Description)
    else:
        description, forward = try_out(path, output)
        if cache:
            cache.put(key, {"model": path.name, "description": to_builtins(description)}, {})
    return Classifier(
        name=path.name,
        preprocessing=description.preprocessing,
        labels=description.labels or default_labels(description.classes),
        input_size=description.input_size,
        stride=description.stride,
        gives_probabilities=description.gives_probabilities,
        fingerprint=fingerprint,
        network=GraphNetwork(build, needs_tensorflow=needs_tensorflow(path)),
        preprocess_from="guess" if any("preprocessing" in line for line in description.assumed) else "model",
        fixed_size=description.fixed_size,
        assumed=description.assumed,
        clip=ClipInput(description.frames) if description.frames else None,
    )
