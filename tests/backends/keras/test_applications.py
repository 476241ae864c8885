"""The classifiers of keras.applications, and their weights."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from streamcam import load_model
from streamcam.backends.keras import applications
from streamcam.errors import ModelError
from streamcam.models.catalog import CATALOG


@pytest.mark.parametrize("name", ["mobilenet_v2", "densenet121", "efficientnet_v2_b0", "nasnet_mobile"])
def test_applications_are_built_at_their_own_size(name):
    classifier = load_model(name, weights="none")
    assert classifier.network.model.input_shape[1:3] == classifier.input_size
    assert len(classifier.labels) == 1000 == classifier.network.model.output_shape[1]


def test_random_weights_are_the_same_in_every_run():
    first, second = (load_model("mobilenet_v2", weights="none").network.model.get_weights() for _ in range(2))
    assert all((a == b).all() for a, b in zip(first, second, strict=True))
    assert (
        load_model("mobilenet_v2", weights="none").network.model
        is not load_model("mobilenet_v2", weights="none").network.model
    )


def test_missing_imagenet_weights_name_the_file_and_the_place(tmp_path, monkeypatch):
    # A closed port stands for a machine without a network: Keras really tries, and fails at once.
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("keras.src.applications.mobilenet_v2.BASE_WEIGHT_PATH", "http://127.0.0.1:9/")
    with pytest.raises(ModelError) as caught:
        applications.build_application(CATALOG["mobilenet_v2"], "imagenet")
    message = str(caught.value)
    assert "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5" in message
    assert str(tmp_path / "models") in message
    assert "--weights none" in message
    assert "\n" not in message


def test_weights_from_a_file(tmp_path):
    source = load_model("mobilenet_v2", weights="none").network.model
    keras.utils.set_random_seed(9)
    source.layers[-1].set_weights([np.full_like(w, 0.25) for w in source.layers[-1].get_weights()])
    path = tmp_path / "my.weights.h5"
    source.save_weights(path)
    loaded = load_model("mobilenet_v2", weights=str(path)).network.model
    assert all((a == b).all() for a, b in zip(source.get_weights(), loaded.get_weights(), strict=True))
    with pytest.raises(ModelError, match="do not fit resnet50"):
        _ = load_model("resnet50", weights=str(path)).network.model
    with pytest.raises(ModelError, match="no such weights file"):
        _ = load_model("mobilenet_v2", weights=str(tmp_path / "none.h5")).network.model
