"""Whether a map depends on what the model has learned."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from makers import models

from streamcam import GradCAM, wrap_model
from streamcam.evaluate.sanity import randomised, sanity, spearman


def test_rank_correlation_is_that_of_the_textbook():
    stats = pytest.importorskip("scipy.stats")
    random = np.random.default_rng(0)
    a, b = random.integers(0, 5, (2, 9, 9)).astype(np.float32)
    assert spearman(a, b) == pytest.approx(stats.spearmanr(a.ravel(), b.ravel())[0])
    assert spearman(a, np.zeros_like(a)) == 0


def test_weights_are_shuffled_and_put_back():
    classifier = wrap_model(models.flat().model)
    before = classifier.model.get_weights()
    for only_head in (True, False):
        with randomised(classifier, np.random.default_rng(0), only_head=only_head):
            inside = classifier.model.get_weights()
        changed = [bool((a != b).any()) for a, b in zip(before, inside, strict=True)]
        kernels = [w.ndim >= 2 for w in before]
        assert changed == (
            [False] * changed.index(True) + [True] + [False] * (len(changed) - changed.index(True) - 1)
            if only_head
            else kernels
        )
    assert all((a == b).all() for a, b in zip(before, classifier.model.get_weights(), strict=True))


def test_a_map_that_shows_the_picture_rather_than_the_model_fails_the_sanity_check():
    specimen = wrap_model(models.flat().model)
    pictures = [np.random.default_rng(i).integers(0, 256, (48, 48, 3), np.uint8) for i in range(3)]

    class Edges(GradCAM):
        def __call__(self, frame, targets=None, method=None):
            explanation = super().__call__(frame, targets, method)
            explanation.heatmaps[0] = cv2.resize(frame[..., 0], explanation.heatmaps.shape[:0:-1])
            return explanation

    assert sanity(lambda: Edges(specimen, cache=False), pictures, 0) == (pytest.approx(1), pytest.approx(1))
