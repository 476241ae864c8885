"""Which layers a model has, where it has them, and which of them can be explained.

A model is looked at from outside: while it is called on a symbolic image, every layer's output is noted under the path
of the calls that led to it (``outer/inner``). That works alike for functional, Sequential, nested and subclassed
models, and leaves the model as it was.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamcam.errors import LayerError, ModelError

if TYPE_CHECKING:
    import keras

_patching = threading.Lock()

# Convolutions without padding change the ratio of a small map's sides, but not by this much.
_MOST_SKEW = 2.0


@dataclass(frozen=True, slots=True)
class LayerOutput:
    """What one layer gave while the model was called on a symbolic image.

    Attributes:
        path: the layer's name, after the names of the models it lies in: ``outer/inner``.
        kind: its class name.
        tensor: its output; ``(1, h, w, c)`` for a spatial map.
        leaf: whether no other layer was called inside it.
        image: ``(height, width)`` of the image.
    """

    path: str
    kind: str
    tensor: Any
    leaf: bool
    image: tuple[int, int]

    @property
    def is_spatial(self) -> bool:
        """Whether the output lies over the image like a map: four dimensions, its height to its width as the image's.

        The tokens and heads of an attention layer are no such map.
        """
        shape: Any = getattr(self.tensor, "shape", ())
        if len(shape) != 4 or (shape[1] or 0) * (shape[2] or 0) <= 1:
            return False
        height, width = self.image
        skew = (shape[1] / shape[2]) / (height / width)
        return bool(shape[1] <= height and shape[2] <= width and 1 / _MOST_SKEW < skew < _MOST_SKEW)


@contextmanager
def record_outputs(image: tuple[int, int]) -> Iterator[dict[str, LayerOutput]]:
    """Note the output of every Keras layer that this thread calls inside the ``with``, in the order they finish.

    The class-level ``keras.layers.Layer.__call__`` is wrapped for the time being and put back at the end; no layer and
    no model is changed. Functional models accept images of any size meanwhile. A layer called twice counts once, as it
    was the last time.

    Args:
        image: ``(height, width)`` of the image that the model is called on.
    """
    import keras
    import tensorflow as tf

    outputs: dict[str, LayerOutput] = {}
    path: list[str] = []
    calls = 0
    here = threading.get_ident()
    original = keras.layers.Layer.__call__

    def noted(layer: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        if threading.get_ident() != here:
            return original(layer, *args, **kwargs)
        calls += 1
        calls_before = calls
        path.append(layer.name)
        try:
            with _any_input_size(layer):
                result = original(layer, *args, **kwargs)
        finally:
            name = "/".join(path[1:])
            path.pop()
        outputs.pop(name, None)
        outputs[name] = LayerOutput(name, type(layer).__name__, result, calls == calls_before, image)
        return result

    with _patching, ExitStack() as stack:
        keras.layers.Layer.__call__ = noted
        stack.callback(setattr, keras.layers.Layer, "__call__", original)
        # Calls that are functions of their own (a model's, or Keras' grouped convolutions) become part of the graph.
        stack.callback(tf.config.run_functions_eagerly, tf.config.functions_run_eagerly())
        tf.config.run_functions_eagerly(True)
        yield outputs


@contextmanager
def _any_input_size(layer: Any) -> Iterator[None]:
    """Let a functional model take images of another size than it was built for."""
    import keras

    if not (isinstance(layer, keras.Model) and layer.input_spec):
        yield
        return
    manual = vars(layer).get("_manual_input_spec")
    layer.input_spec = None
    try:
        yield
    finally:
        if manual is None:
            del layer._manual_input_spec  # back to the specification that Keras derives from the inputs
        else:
            layer.input_spec = manual


def list_layers(model: keras.Model, shape: tuple[int, int, int]) -> tuple[list[LayerOutput], Any]:
    """The output of every layer of a model on a symbolic image, and the model's own on a random one.

    Args:
        model: any Keras model that takes one image.
        shape: ``(height, width, channels)`` to call it with.

    Raises:
        ModelError: the model cannot be called on one image of this shape.
    """
    import tensorflow as tf

    found: list[LayerOutput] = []

    def forward(image: Any) -> Any:
        with record_outputs(shape[:2]) as outputs:
            result = model(image, training=False)
        found.extend(outputs.values())
        return result

    try:
        function = tf.function(forward, autograph=False).get_concrete_function(tf.TensorSpec((1, *shape), tf.float32))
    except (ValueError, TypeError, tf.errors.OpError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{model.name}: cannot be called on one {shape[1]}x{shape[0]} image ({reason})") from error
    return found, function(tf.random.stateless_uniform((1, *shape), seed=(0, 0), maxval=255.0))


def choose_layer(outputs: list[LayerOutput], layer: str | None, model_name: str) -> LayerOutput:
    """The target layer: the one of that path, or the last one with a spatial map.

    Raises:
        LayerError: no layer has a spatial map, or none goes by this path; the message lists the nearest.
    """
    spatial = [output for output in outputs if output.is_spatial]
    if not spatial:
        raise LayerError(
            f"{model_name}: no layer has a spatial map (height x width x channels), so there is no place to show; "
            "Grad-CAM needs a convolutional network"
        )
    if layer is None:
        last = [output for output in spatial if output.leaf][-1]
        # A dropout passes its input on unchanged: name the layer that made the tensor.
        return next(output for output in spatial if output.leaf and output.tensor is last.tensor)
    for output in spatial:
        if output.path == layer:
            return output
    inner = [output for output in spatial if output.path.endswith(f"/{layer}")]
    if len(inner) == 1:
        return inner[0]
    paths = [output.path for output in spatial]
    near = [output.path for output in inner] or difflib.get_close_matches(layer, paths, n=3, cutoff=0.3) or paths[-3:]
    raise LayerError(
        f"{layer}: {model_name} has no such layer with a spatial map; the nearest are {', '.join(near)} "
        f"('streamcam layers' lists all)"
    )
