"""Which layers a model has, where it has them, and which of them can be explained.

A model is looked at from outside: while it is called on a symbolic image, every layer's output is noted under the path
of the calls that led to it (``outer/inner``). That works alike for functional, Sequential, nested and subclassed
models, and leaves the model as it was.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamcam.backends.keras.ends import arranged
from streamcam.backends.keras.reasons import reason_of
from streamcam.backends.keras.runnable import runnable
from streamcam.backends.keras.time import over_time
from streamcam.choices import InputLayout
from streamcam.errors import ModelError
from streamcam.models.layers import Candidate, Layer, lay_out, said

if TYPE_CHECKING:
    import keras

_patching = threading.Lock()
_LAYOUTS = {"channels_first": "nchw", "channels_last": "nhwc"}
_WITH_TIME = {"nchw": "ncthw", "nhwc": "nthwc"}


@dataclass(frozen=True, slots=True)
class LayerOutput:
    """What one layer gave while the model was called on a symbolic image.

    Attributes:
        path: the layer's name, after the names of the models it lies in: ``outer/inner``.
        kind: its class name.
        tensor: its output; ``(1, h, w, c)``, ``(1, c, h, w)`` or ``(1, n, c)`` for a map, of clips also with a row for each time
            step, or ``(1, t, h, w, c)``.
        leaf: whether no other layer was called inside it.
        layout: ``nhwc`` or ``nchw``, where the tensor has four dimensions; ``nthwc`` or ``ncthw``, where it has five.
    """

    path: str
    kind: str
    tensor: Any
    leaf: bool
    layout: str


@contextmanager
def record_outputs(changes: Mapping[str, Callable[[Any], Any]] | None = None) -> Iterator[dict[str, LayerOutput]]:
    """Note the output of every Keras layer that this thread calls inside the ``with``, in the order they finish.

    What ``changes`` makes of the output of the layer of a path goes on in its place.

    The class-level ``keras.layers.Layer.__call__`` is wrapped for the time being and put back at the end; no layer and
    no model is changed. Functional models accept images of any size meanwhile. A layer called twice counts once, as it
    was the last time.
    """
    import keras
    import tensorflow as tf

    outputs: dict[str, LayerOutput] = {}
    path: list[str] = []
    calls = 0
    layout = "nhwc"  # of what was computed last: layers without a layout of their own keep that of their input
    here = threading.get_ident()
    original = keras.layers.Layer.__call__

    def noted(layer: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal calls, layout
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
        if changes and name in changes:
            result = changes[name](result)
        if _rank(result) in (4, 5):
            layout = _LAYOUTS.get(str(getattr(layer, "data_format", "")), layout)
        outputs.pop(name, None)
        own = _WITH_TIME[layout] if _rank(result) == 5 else layout
        leaf = calls == calls_before or isinstance(layer, keras.layers.RNN)  # whose cell has no map in time
        outputs[name] = LayerOutput(name, type(layer).__name__, result, leaf, own)
        return result

    with _patching, ExitStack() as stack:
        stack.enter_context(over_time())
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


def list_layers(
    model: keras.Model, shape: tuple[int, ...], layout: InputLayout = "nhwc"
) -> tuple[list[LayerOutput], Any]:
    """The output of every layer of a model on a symbolic image, and the model's own on a random one.

    Args:
        model: any Keras model that takes one image, or one clip.
        shape: ``(height, width, channels)``, or with the number of frames before them, to call it with.
        layout: the order of the axes that it takes.

    Raises:
        ModelError: the model cannot be called on one image of this shape.
    """
    import tensorflow as tf

    found: list[LayerOutput] = []

    def forward(image: Any) -> Any:
        with record_outputs() as outputs:
            result = model(arranged(image, layout, model), training=False)
        found.extend(outputs.values())
        return result

    try:
        function = tf.function(forward, autograph=False).get_concrete_function(tf.TensorSpec((1, *shape), tf.float32))
        picture = tf.random.stateless_uniform((1, *shape), seed=(0, 0), maxval=255.0)
        if (compiled := runnable(function)) is not function:
            return found, compiled(picture)
        # As Keras runs it: of what was traced, TensorFlow cannot run every grouped convolution on a CPU.
        return found, model(arranged(picture, layout, model), training=False)
    except (ValueError, TypeError, tf.errors.OpError) as error:
        raise ModelError(
            f"{model.name}: cannot be called on {said(shape[-3:-1], shape[0] if len(shape) == 4 else 0)} ({reason_of(error)})"
        ) from error


def _rank(tensor: Any) -> int | None:
    """How many dimensions a tensor has; None for anything else."""
    return getattr(getattr(tensor, "shape", None), "rank", None)


def candidates_in(outputs: Iterable[LayerOutput]) -> Iterator[tuple[Candidate, Any]]:
    """Those outputs that may be maps, with their tensors."""
    seen: set[int] = set()
    for output in outputs:
        if _rank(output.tensor) in (3, 4, 5):
            # A dropout passes its input on unchanged: shown is the layer that made the tensor.
            shown = output.leaf and id(output.tensor) not in seen
            yield Candidate(output.path, output.kind, output.layout, shown), output.tensor
        if output.leaf:
            seen.add(id(output.tensor))


def maps_in(outputs: Iterable[LayerOutput], image: tuple[int, int], frames: int = 0) -> list[tuple[Layer, Any]]:
    """Those outputs that lie over an image of ``(height, width)``, or a clip of them, like a map, with their tensors."""
    found = [*candidates_in(outputs)]
    candidates = [candidate for candidate, _ in found]
    shapes = [tuple(t.shape) if t.shape.is_fully_defined() else None for _, t in found]
    attention = bool(found) and any(
        op.type == "Softmax" and (op.outputs[0].shape.rank or 0) > 2 for op in found[0][1].graph.get_operations()
    )
    layers = lay_out(candidates, shapes, image, attention=attention, frames=frames)
    return [(layer, tensor) for layer, (_, tensor) in zip(layers, found, strict=True) if layer]
