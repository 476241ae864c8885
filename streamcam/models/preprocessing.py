"""How pixels become what a model was trained on: plain data, so that the compiled graph can hold it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from streamcam.errors import OptionError
from streamcam.types import Float32Array, UInt8Array

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

    def swapped(self) -> Preprocessing:
        """The same scaling of each colour with the other channel order, RGB or BGR."""
        order: ChannelOrder = "rgb" if self.order == "bgr" else "bgr"
        return Preprocessing(f"{self.name}-{order}", self.mean[::-1], self.std[::-1], order)

    def prepare(self, image: UInt8Array) -> Float32Array:
        """``(H, W, 3)`` uint8 BGR in, ``(H, W, 1 or 3)`` float32 out."""
        pixels = image.astype(np.float32)
        if self.order == "rgb":
            pixels = pixels[..., ::-1]
        elif self.order == "gray":  # BT.601 luma, as OpenCV's cvtColor
            pixels = pixels @ np.array([[0.114], [0.587], [0.299]], np.float32)
        mean, std = np.array(self.mean, np.float32), np.array(self.std, np.float32)
        prepared: Float32Array = np.divide(pixels - mean, std)
        return prepared

    def picture(self, prepared: Float32Array) -> UInt8Array:
        """The other way: ``(H, W, 1 or 3)`` float32 in, ``(H, W, 3)`` uint8 BGR out, rounded and cut to 0…255."""
        pixels = prepared * np.array(self.std, np.float32) + np.array(self.mean, np.float32)
        pixels = pixels[..., ::-1] if self.order == "rgb" else np.broadcast_to(pixels, (*pixels.shape[:2], 3))
        return np.ascontiguousarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


# `tf`, `torch` and `caffe` are the three modes of keras.applications.imagenet_utils.preprocess_input.
BASIC = {
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

# Each also with the other channel order: `unit-bgr`, `caffe-rgb`.
PREPROCESSINGS = BASIC | {p.name: p for p in (basic.swapped() for basic in BASIC.values())}


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
