"""Weights that are no numbers."""

from __future__ import annotations

import numpy as np
import pytest
from makers import graphs, models

from streamcam import GradCAM, load_model, wrap_model
from streamcam.errors import ModelError

PICTURE = np.random.default_rng(0).integers(0, 256, (graphs.SIDE, graphs.SIDE, 3), np.uint8)


@pytest.mark.parametrize(("name", "value"), [("w1", np.nan), ("w2", np.inf), ("w3", -np.inf), ("b1", np.nan)])
def test_a_file_with_such_weights_is_refused(tmp_path, name, value):
    shapes = {"w1": (8, 3, 3, 3), "w2": (12, 8, 3, 3), "w3": (12, graphs.CLASSES), "b1": (8,)}
    weights = np.full(shapes[name], 0.1)
    weights.flat[3] = value
    path = graphs.onnx_classifier(tmp_path / "a.onnx", softmax=True, weights={name: weights})
    with pytest.raises(ModelError, match=r"a\.onnx: (damaged, as weights|.*its weights are damaged)"):
        GradCAM(load_model(path, cache=False), cache=False)(PICTURE)


def test_so_is_a_keras_model_and_tensorflow_does_not_run_it_instead():
    model = models.flat().model
    kernel = model.get_layer("conv_b").kernel
    values = kernel.numpy()
    values[0, 0, 0, 0] = np.nan
    kernel.assign(values)
    with pytest.raises(ModelError, match="weights of it are NaN"):
        GradCAM(wrap_model(model), cache=False)(PICTURE)
