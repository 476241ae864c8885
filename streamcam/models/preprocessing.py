"""How pixels become what a model was trained on: plain data, so that the compiled graph can hold it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from streamcam.errors import OptionError

ChannelOrder = Literal["rgb", "bgr", "gray"]


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """``input = (pixel - mean) / std`` for each channel, with pixels in 0…255 and channels in the given order.

    Attributes:
        name: the name it goes by on the command line.
        mean: one value a channel, in ``order``.
        std: one value a channel, in ``order``.
        order: the channel order that the model expects; ``gray`` is BT.601 luma in one channel.
    """

    name: str
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    order: ChannelOrder = "rgb"

    def gray(self) -> Preprocessing:
        """The same scaling for a model with a single gray channel: the mean of the three channels' values."""
        return Preprocessing(self.name, (sum(self.mean) / 3,), (sum(self.std) / 3,), "gray")


# `tf`, `torch` and `caffe` are the three modes of keras.applications.imagenet_utils.preprocess_input.
PREPROCESSINGS = {
    p.name: p
    for p in (
        Preprocessing("none"),
        Preprocessing("unit", std=(255.0, 255.0, 255.0)),
        Preprocessing("tf", (127.5, 127.5, 127.5), (127.5, 127.5, 127.5)),
        Preprocessing("torch", (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
        Preprocessing("caffe", (103.939, 116.779, 123.68), order="bgr"),
        Preprocessing("lite", (127.0, 127.0, 127.0), (128.0, 128.0, 128.0)),
    )
}


def preprocessing_named(name: str) -> Preprocessing:
    """Look up a preprocessing by name.

    Raises:
        OptionError: there is none of that name.
    """
    try:
        return PREPROCESSINGS[name]
    except KeyError:
        raise OptionError(
            f"--preprocess {name}: no such preprocessing; choose one of {', '.join(PREPROCESSINGS)}"
        ) from None
