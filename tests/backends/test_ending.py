"""Which scores are probabilities already, and which a softmax makes some of."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers
from makers.explainers import RAW, as_input, exact, image

from streamcam import wrap_model
from streamcam.backends.openvino.files import describe_file, read_graph

SIDE = 24
SAID = "scores read as logits: softmax applied"


def side_by_side(x):
    """A head for each class, and one that is the average of two."""
    one, two, three = (layers.Dense(n, activation="sigmoid")(x) for n in (2, 1, 1))
    return layers.Concatenate()([one, layers.Average()([two, three])])


HEADS = {  # made when they are asked for, so that the seed holds
    "linear": lambda x: layers.Dense(3)(x),
    "sigmoids": lambda x: layers.Dense(3, activation="sigmoid")(x),
    "side by side": side_by_side,
    "gated": lambda x: layers.Multiply()([layers.Dense(3)(x), layers.Dense(3, activation="sigmoid")(x)]),
    "logarithms": lambda x: layers.Dense(3, activation="log_softmax")(x),
}


@pytest.mark.parametrize("head", HEADS)
def test_what_is_shown_is_what_the_model_said_and_a_softmax_is_said(head, tmp_path):
    keras.utils.set_random_seed(5)
    inputs = keras.Input((SIDE, SIDE, 3))
    maps = layers.Conv2D(4, 3, strides=2, activation="relu")(layers.Rescaling(1 / 255)(inputs))
    model = keras.Model(inputs, HEADS[head](layers.GlobalAveragePooling2D()(maps)))
    classifier, picture = wrap_model(model, name=head, preprocessing=RAW), image(SIDE, SIDE)
    expected = model(as_input(picture)).numpy()[0]
    if head in ("linear", "gated", "logarithms"):
        expected = np.exp(expected) / np.exp(expected).sum()
    else:
        assert abs(expected.sum() - 1) > 0.1
    for engine in ("openvino", "tensorflow"):
        found = exact(classifier, engine=engine, cache=False)(picture).probabilities
        np.testing.assert_allclose(found, expected, atol=1e-5)

    classifier.network.forward(classifier).save(tmp_path)
    described = describe_file(read_graph(tmp_path / "graph.xml"), tmp_path / "graph.xml")
    for one in (classifier, described):
        assert one.gives_probabilities == (head in ("sigmoids", "side by side"))
        assert (SAID in one.assumed) == (head in ("linear", "gated"))
