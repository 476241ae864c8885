"""A classifier of any Keras model: what it takes, what it gives, and how its pixels are prepared."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from streamcam.backends.ending import are_probabilities, assumed_of, ending_of
from streamcam.backends.keras.ends import OutputKey, find_output, image_input, means_a_quantity, output_at
from streamcam.backends.keras.families import family_of, is_teachable_machine, unscaled
from streamcam.backends.keras.layers import list_layers, maps_in
from streamcam.backends.keras.network import KerasNetwork
from streamcam.choices import PreprocessOrigin
from streamcam.errors import ModelError
from streamcam.models import catalog
from streamcam.models.assumed import say_assumed
from streamcam.models.classifier import (
    ASSUMED_LABELS,
    ASSUMED_PREPROCESSING,
    Classifier,
)
from streamcam.models.labels import default_labels
from streamcam.models.layers import choose_layers
from streamcam.models.preprocessing import BASIC, PREPROCESSINGS, Preprocessing
from streamcam.system.libraries import load_tensorflow

if TYPE_CHECKING:
    import keras


def wrap_model(
    model: keras.Model,
    *,
    labels: tuple[str, ...] | None = None,
    preprocessing: Preprocessing | None = None,
    input_size: tuple[int, int] | None = None,
    name: str | None = None,
    output: OutputKey = None,
) -> Classifier:
    """Make a classifier of any Keras model that takes one image and gives one score a class.

    A model with a single score is read as a binary classifier, with class 1 for a high one. Without ``labels``,
    1,000 classes are named after ImageNet, others ``class 0``, ``class 1``, …; without ``preprocessing`` it is guessed
    from the layers (see ``find_preprocessing``); without ``input_size`` (height, width), a model that does not fix its
    own gets 224x224. ``output`` is the name or number of the one that holds the classes, where there are several; if
    None, the only one that can. What was assumed is in the classifier's ``assumed``, and said in a ``StreamcamWarning``.

    Raises:
        ModelError: the model does not take one image, or does not give one score a class.
        LayerError: no layer of it has a spatial map.

    Example::

        classifier = streamcam.wrap_model(my_keras_model, labels=("cat", "dog"))
        explain = streamcam.GradCAM(classifier)
    """
    classifier = classifier_of(model, name or model.name, preprocessing, input_size, output)
    if labels:
        classifier = classifier.with_labels(labels)
    say_assumed(classifier)
    return classifier


def classifier_of(
    model: keras.Model,
    name: str,
    preprocessing: Preprocessing | None = None,
    input_size: tuple[int, int] | None = None,
    output: OutputKey = None,
) -> Classifier:
    """The same, without saying what was assumed."""
    load_tensorflow(name)
    image = image_input(model, name, input_size)
    layers, result = list_layers(model, image.shape, image.layout)
    key, assumed = find_output(result, model, name, output)
    scores = np.asarray(output_at(result, key), np.float32)
    symbolic = layers[-1].tensor  # of the model itself, which finishes last
    operation = (symbolic if key is None else symbolic[key]).op
    ending = ending_of(operation, lambda op: op.type, lambda op: [tensor.op for tensor in op.inputs])
    count = max(2, scores.shape[1])
    probable = are_probabilities(ending, scores)
    if _is_pooled(operation) and not probable and scores.min() >= 0:
        raise ModelError(
            f"{name}: gives {count} pooled activations and no scores: a backbone without its head (include_top=False) "
            "decides nothing that could be explained"
        )
    if scores.shape[1] == 1 and not probable and output is None and (quantity := means_a_quantity(model)):
        raise ModelError(
            f"{name}: gives one number named {quantity}, a quantity and no classes; if it means yes or no by its "
            f"sign, say so with --model-output {quantity}"
        )
    lines = [assumed, assumed_of(ending, scores)]
    size, frames = (image.height, image.width), image.clip.frames if image.clip else 0
    [target] = choose_layers([layer for layer, _ in maps_in(layers, size, frames)], (), name)
    map_height = target.grid[-2]
    feeding = Feeding(preprocessing, "option") if preprocessing else find_preprocessing(model)
    lines.append(feeding.assumed)
    if count == 1000:
        lines.append(f"{ASSUMED_LABELS}assumed to be ImageNet's, since there are 1,000 classes (--labels for others)")
    return Classifier(
        name=name,
        preprocessing=feeding.preprocessing.gray() if image.channels == 1 else feeding.preprocessing,
        labels=default_labels(count),
        input_size=(image.height, image.width),
        stride=2 ** round(math.log2(max(1.0, image.height / map_height))),
        gives_probabilities=probable,
        fingerprint=None,
        network=KerasNetwork(lambda: model),
        preprocess_from=feeding.origin,
        fit="crop" if is_teachable_machine(model) else "native",
        fixed_size=_has_fixed_size(operation.graph),
        assumed=tuple(line for line in lines if line),
        output=key,
        layout=image.layout,
        clip=image.clip,
    )


def _has_fixed_size(graph: Any) -> bool:
    """Whether a map of more than one place becomes a vector: what follows takes as many numbers, and no others."""
    for operation in graph.get_operations():
        if operation.type == "Reshape":
            before, after = list(operation.inputs[0].shape), list(operation.outputs[0].shape)
            if len(before) in (4, 5) and min(before[-3:]) > 1 and after == [before[0], math.prod(before[1:])]:
                return True
    return False


def _is_pooled(operation: Any) -> bool:
    """Whether the last TensorFlow operation pools a map."""
    while operation.type in ("Identity", "Cast", "StopGradient", "Reshape", "Squeeze", "ExpandDims"):
        operation = operation.inputs[0].op
    return operation.type in ("Mean", "Max")


def all_layers(layer: Any) -> Iterator[Any]:
    """A model's layers and operations, inside nested models too, outermost first."""
    children: Any = getattr(layer, "operations", None) or getattr(layer, "layers", ())
    if not children and hasattr(layer, "layer"):  # what is done to each time step, or to both directions
        children = (layer.layer,)
    for child in children:
        yield child
        yield from all_layers(child)


def _computes_on_input(model: Any) -> bool:
    """Whether a model does arithmetic before its first layer with weights, or takes whole numbers.

    That is tried out: up to there, a picture of one value must stay one of that value, but for a border of zeros.
    Flips, crops, other sizes and other orders of axes pass that; scales and offsets do not.
    """
    import keras

    graph = getattr(model, "_functional", None) or model  # what a Sequential runs
    if not isinstance(graph, keras.Model) or len(getattr(graph, "inputs", None) or ()) != 1:
        return False
    [image] = graph.inputs
    if "int" in str(image.dtype):
        return True
    nodes = [node for level in graph._nodes_by_depth.values() for node in level]
    for operation in graph.operations:
        if not getattr(operation, "weights", ()):
            continue
        calls = [node for node in nodes if node.operation is operation]
        if calls and _changes_values(image, calls[0].input_tensors[0]):
            return True
        return isinstance(operation, keras.Model) and _computes_on_input(operation)
    return False


_PROBE = 100.0


def _changes_values(image: Any, tensor: Any) -> bool:
    """Whether what is computed of an image up to a tensor of the same graph is something else than its value, or 0."""
    import keras

    if tensor is image:
        return False
    shape = (1, *(side or 64 for side in image.shape[1:]))
    found = keras.Model(image, tensor)(np.full(shape, _PROBE, np.float32), training=False)
    values = np.asarray(keras.ops.convert_to_numpy(found), np.float32)
    return not np.all((np.abs(values - _PROBE) < 0.5) | (values == 0))


@dataclass(frozen=True, slots=True)
class Feeding:
    """How a model is fed.

    Attributes:
        preprocessing: how pixels become its input.
        origin: how that is known.
        assumed: a line where it was concluded, else empty.
    """

    preprocessing: Preprocessing
    origin: PreprocessOrigin
    assumed: str = ""


_TO_CHANGE = f"(--preprocess {'|'.join(BASIC)} to change it)"


def find_preprocessing(model: keras.Model) -> Feeding:
    """What a model was most likely trained on, for a file that does not say.

    A model that scales its input itself (a ``Rescaling`` or ``Normalization`` layer, or arithmetic on its input), or
    that takes whole numbers, gets raw pixels. One built on a network of ``keras.applications``, which is told by its
    name or by those of its layers, gets that network's preprocessing. Any other gets 0…1.
    """
    layers = list(all_layers(model))
    if any(type(layer).__name__ in ("Rescaling", "Normalization") for layer in layers) or _computes_on_input(model):
        return Feeding(PREPROCESSINGS["none"], "model")
    names = {str(layer.name) for layer in [model, *layers]}
    # Longest names first: resnet50v2 before resnet50.
    for entry in sorted(catalog.CATALOG.values(), key=lambda entry: -len(entry.name)):
        plain = (entry.factory or entry.name).lower()
        if any(name.lower().replace("_", "").startswith(plain) for name in names):
            how = (unscaled(entry.name) if entry.preprocess == "none" else None) or entry.preprocess
            return Feeding(PREPROCESSINGS[how], "name")
    axis = 1 if any(getattr(layer, "data_format", None) == "channels_first" for layer in layers) else -1
    if family := family_of({str(layer.name): _channels(layer, axis) for layer in layers}):
        line = f"{ASSUMED_PREPROCESSING}known by its layers, which are those of {family.name}: {family.preprocess} {_TO_CHANGE}"
        return Feeding(PREPROCESSINGS[family.preprocess], "name", line)
    line = f"{ASSUMED_PREPROCESSING}guessed: pixels scaled to 0…1 {_TO_CHANGE}"
    return Feeding(PREPROCESSINGS["unit"], "guess", line)


def _channels(layer: Any, axis: int) -> int:
    """How many channels a layer gives, which are this axis of it; 0 where that is not known."""
    try:
        shape: Any = layer.output.shape
    except (AttributeError, ValueError):  # it was never called, or several times
        return 0
    return int(shape[axis] or 0) if len(shape or ()) > 1 else 0
