"""Keras' layers that go through time, written out, so that what they compute is a graph without loops.

A ``TimeDistributed`` layer takes all time steps as one batch, and a recurrent layer has a copy of its step for each. Both
compute what they always do, of a batch of one and a known number of steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def over_time() -> Iterator[None]:
    """Let every layer that is called inside the ``with`` go through time in this way. No layer is changed."""
    import keras

    distributed, recurrent = keras.layers.TimeDistributed, keras.layers.RNN
    call, loop = distributed.call, recurrent.inner_loop

    def at_once(layer: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if inputs.shape[0] != 1 or mask is not None:
            return call(layer, inputs, training=training, mask=mask)
        return layer.layer(inputs[0])[None]

    def unrolled(layer: Any, *args: Any, **kwargs: Any) -> Any:
        before, layer.unroll = layer.unroll, True
        try:
            return loop(layer, *args, **kwargs)
        finally:
            layer.unroll = before

    distributed.call, recurrent.inner_loop = at_once, unrolled
    try:
        yield
    finally:
        distributed.call, recurrent.inner_loop = call, loop
