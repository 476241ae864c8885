"""A Keras model with what is needed to feed and read it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from streamcam.errors import ModelError
from streamcam.models import catalog
from streamcam.models.labels import imagenet_labels
from streamcam.models.layers import choose_layer, list_layers
from streamcam.models.preprocessing import PREPROCESSINGS, Preprocessing
from streamcam.system.libraries import load_tensorflow
from streamcam.types import Float32Array

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, slots=True)
class Classifier:
    """An image classifier that can be explained.

    Attributes:
        name: how it is called in records and messages.
        preprocessing: how pixels become its input.
        labels: one name a class, in class order.
        input_size: ``(height, width)`` in pixels that the model was built for.
        stride: pixels of input to one cell of the last map; input sizes are rounded to it.
        gives_probabilities: whether its output is probabilities rather than logits.
        fingerprint: names the network and its weights for the disk cache; None for a model that has no such name.
        build: gives the Keras model; the first call makes it, later calls return the same one.
    """

    name: str
    preprocessing: Preprocessing
    labels: tuple[str, ...]
    input_size: tuple[int, int]
    stride: int
    gives_probabilities: bool
    fingerprint: str | None
    build: Callable[[], keras.Model]

    @property
    def model(self) -> keras.Model:
        """The Keras model, made at the first use."""
        return self.build()

    def with_labels(self, labels: tuple[str, ...], *, source: str | None = None) -> Classifier:
        """The same classifier with other class names, read from ``source``.

        Raises:
            ModelError: there are more or fewer names than classes.
        """
        if len(labels) != len(self.labels):
            raise ModelError(
                f"{source or self.name}: {len(labels)} labels for {len(self.labels)} classes; give exactly one name a class"
            )
        return replace(self, labels=labels)

    def with_preprocessing(self, preprocessing: Preprocessing) -> Classifier:
        """The same classifier fed in another way."""
        one_channel = self.preprocessing.order == "gray"
        return replace(self, preprocessing=preprocessing.gray() if one_channel else preprocessing)


def wrap_model(
    model: keras.Model,
    *,
    labels: tuple[str, ...] | None = None,
    preprocessing: Preprocessing | None = None,
    input_size: tuple[int, int] | None = None,
    name: str | None = None,
) -> Classifier:
    """Make a classifier of any Keras model that takes one image and gives one score a class.

    A model with a single output is read as a binary classifier, with class 1 for a high output. Without ``labels``,
    1,000 classes are named after ImageNet, others ``class 0``, ``class 1``, …; without ``preprocessing`` it is guessed
    from the layers (see ``guess_preprocessing``); without ``input_size`` (height, width), a model that does not fix its
    own gets 224x224.

    Raises:
        ModelError: the model does not take one image, or does not give one score a class.
        LayerError: no layer of it has a spatial map.
    """
    load_tensorflow()
    name = name or model.name
    height, width, channels = _input_shape(model, name, input_size)
    layers, output = list_layers(model, (height, width, channels))
    found = tuple(getattr(output, "shape", ()))
    if len(found) != 2:
        raise ModelError(
            f"{name}: gives output of shape {found}; a classifier gives (batch, classes). "
            "A backbone without its head (include_top=False) decides nothing that could be explained"
        )
    count = 2 if found[1] == 1 else int(found[1])
    map_height = choose_layer(layers, None, name).tensor.shape[1]
    preprocessing = preprocessing or guess_preprocessing(model)
    classifier = Classifier(
        name=name,
        preprocessing=preprocessing.gray() if channels == 1 else preprocessing,
        labels=default_labels(count),
        input_size=(height, width),
        stride=2 ** round(math.log2(max(1.0, height / map_height))),
        gives_probabilities=_are_probabilities(np.asarray(output, np.float32)),
        fingerprint=None,
        build=lambda: model,
    )
    return classifier.with_labels(labels) if labels else classifier


def _are_probabilities(output: Float32Array) -> bool:
    """Whether ``(1, C)`` numbers are probabilities: none negative, and their sum 1, or at most 1 where there is one."""
    total = float(output.sum())
    enough = abs(total - 1) < 1e-3 if output.shape[1] > 1 else total <= 1
    return bool(output.min() >= 0 and enough)


def default_labels(count: int) -> tuple[str, ...]:
    """Names for the classes of a model that brings none: ImageNet's for 1,000 of them, numbers otherwise."""
    return imagenet_labels() if count == 1000 else tuple(f"class {i}" for i in range(count))


def _input_shape(model: keras.Model, name: str, input_size: tuple[int, int] | None) -> tuple[int, int, int]:
    shape: Any = getattr(model, "input_shape", None)
    if shape is None:  # a subclassed model does not say
        shape = (None, None, None, 3)
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[3] not in (1, 3, None):
        raise ModelError(
            f"{name}: takes input of shape {shape}; an image classifier takes (batch, height, width, 1 or 3)"
        )
    height, width = input_size or (224, 224)
    return shape[1] or height, shape[2] or width, shape[3] or 3


def all_layers(layer: Any) -> Iterator[Any]:
    """A model's layers and operations, inside nested models too, outermost first."""
    children: Any = getattr(layer, "operations", None) or getattr(layer, "layers", ())
    for child in children:
        yield child
        yield from all_layers(child)


def _computes_on_input(model: Any) -> bool:
    """Whether a functional model does arithmetic before its first layer with weights, or takes whole numbers."""
    import keras

    for operation in getattr(model, "operations", ()):
        if isinstance(operation, keras.layers.InputLayer):
            if "int" in str(operation.dtype):
                return True
        elif not isinstance(operation, keras.layers.Layer):
            return True
        elif operation.weights:
            return False
    return False


def guess_preprocessing(model: keras.Model) -> Preprocessing:
    """What a model was most likely trained on, for a file that does not say.

    A model that scales its input itself (a ``Rescaling`` or ``Normalization`` layer, or arithmetic on its input), or
    that takes whole numbers, gets raw pixels. One built on a network of ``keras.applications`` gets that network's
    preprocessing. Any other gets 0…1.
    """
    layers = list(all_layers(model))
    if any(type(layer).__name__ in ("Rescaling", "Normalization") for layer in layers) or _computes_on_input(model):
        return PREPROCESSINGS["none"]
    names = {str(layer.name) for layer in [model, *layers]}
    # Longest names first: resnet50v2 before resnet50.
    for entry in sorted(catalog.CATALOG.values(), key=lambda entry: -len(entry.name)):
        plain = (entry.factory or entry.name).lower()
        if any(name.lower().replace("_", "").startswith(plain) for name in names):
            return PREPROCESSINGS[entry.preprocess]
    if "expanded_conv_depthwise" in names:  # MobileNetV2 under another name, as in Teachable Machine's exports
        return PREPROCESSINGS["tf"]
    return PREPROCESSINGS["unit"]
