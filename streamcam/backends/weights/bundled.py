"""The bundled weights of EfficientNet-Lite0, the default classifier.

The batch normalisations are folded into the convolutions when the weights are converted (``convert_efficientnet_lite0.py``),
so every convolution has a bias.
"""

from __future__ import annotations

import hashlib
import io
from importlib.resources import files

import numpy as np

from streamcam.choices import Method
from streamcam.errors import ModelError
from streamcam.types import Float32Array

WEIGHTS_FILE = "efficientnet_lite0.npz"
SCALE = "_scale"  # after the name of a kernel that is kept as integers
WEIGHTS_SHA256 = "ecf1a5791477f7ddd2613c202264ce9d35291d3f555a121ebeef947272f6b179"

# What ``explain.reference`` measures for these weights at the usual layer and score, so that the first picture need not wait
# for it; a test measures it again. The map has 49 places.
REFERENCE_PEAKS: dict[Method, float] = {
    "gradcam": 0.56014,
    "gradcam++": 16.994,
    "hirescam": 0.56014,
    "xgradcam": 0.56014,
    "layercam": 0.73118,
    "eigencam": 32.559,
    "recipro-cam": 0.00074152,
}


def read_bundled_weights() -> bytes:
    """The package's weights file, after its checksum was verified.

    Raises:
        ModelError: the weights file is missing or is not the one that was shipped.
    """
    path = files("streamcam.backends.weights") / WEIGHTS_FILE
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: the bundled weights cannot be read ({error}); reinstall streamcam") from error
    if hashlib.sha256(data).hexdigest() != WEIGHTS_SHA256:
        raise ModelError(f"{path}: the bundled weights are damaged (checksum differs); reinstall streamcam")
    return data


def bundled_arrays() -> dict[str, Float32Array]:
    """All weights under the names ``layer/variable`` of the model, float32.

    A kernel kept as int16 is multiplied by its ``layer/kernel_scale``, one float32 for each output channel.

    Raises:
        ModelError: the weights file is missing or is not the one that was shipped.
    """
    with np.load(io.BytesIO(read_bundled_weights()), allow_pickle=False) as kept:
        arrays = dict(kept)
    scales = {name.removesuffix(SCALE): arrays.pop(name) for name in list(arrays) if name.endswith(SCALE)}
    return {name: array * scales[name] if name in scales else array for name, array in arrays.items()}
