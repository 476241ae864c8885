"""The gradient of a usual head is known without computing it."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from makers import models

from streamcam import wrap_model
from streamcam.explain.graph import trace
from streamcam.explain.targets import resolve_targets


@pytest.mark.parametrize("make", [models.flat, models.nested, models.sequential, models.subclassed])
def test_what_is_known_of_the_head_equals_the_gradient(make):
    classifier = wrap_model(make().model)
    picture = np.random.default_rng(5).integers(0, 256, (48, 48, 3), np.uint8)
    wanted = resolve_targets(("0", "5 vs 1"), classifier.labels)
    both = [
        trace(classifier, (48, 48), 2, layers=(), method="hirescam", score="logit", closed=closed)
        for closed in (True, False)
    ]
    assert not both[1].has_closed_form
    a, b = (graph.function(tf.constant(picture), tf.constant(wanted)) for graph in both)
    np.testing.assert_allclose(a[0], b[0], atol=1e-5 * float(np.max(b[0])))


def test_the_closed_form_is_used_where_the_head_is_pooling_and_one_dense_layer(bundled):
    def known(classifier, **options):
        options = {"layers": (), "method": "gradcam", "score": "logit"} | options
        return trace(classifier, classifier.input_size, 1, **options).has_closed_form

    assert known(bundled)
    assert known(wrap_model(models.flat().model))
    assert not known(bundled, layers=("block5c_add",))
    assert not known(bundled, score="probability")
