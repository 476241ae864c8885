"""Which two classes are compared while nobody has chosen."""

from __future__ import annotations

import numpy as np

from streamcam.types import Explanation, Region
from streamcam.web.rivals import Rivals


def explanation_of(probabilities):
    best = np.array([probabilities.argmax()])
    return Explanation(np.ones((1, 2, 2), np.float32), best, probabilities[best], probabilities, Region(0, 0, 4, 4))


def test_two_classes_are_compared_without_flicker_and_change_with_the_picture():
    rivals = Rivals()
    assert rivals.two() == ()
    random = np.random.default_rng(5)

    def see(*probabilities, frames=60):
        seen = set()
        for _ in range(frames):
            noisy = np.clip(np.array(probabilities) + random.normal(0, 0.03, len(probabilities)), 0, 1)
            rivals.see(explanation_of(noisy.astype(np.float32)))
            seen.add(rivals.two())
        return seen

    assert see(0.5, 0.36, 0.2, 0.01) == {(0, 1)}
    assert see(0.5, 0.28, 0.3, 0.01) == {(0, 1)}  # close to each other: nothing changes
    assert len(see(0.02, 0.02, 0.02, 0.9, frames=120)) <= 3
    assert 3 in rivals.two()
    assert see(0.02, 0.05, 0.02, 0.9) == {rivals.two()}
    rivals.see(explanation_of(np.ones(1, np.float32)))  # another model
    assert rivals.two() == ()
