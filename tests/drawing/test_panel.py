"""The panel of classes on a picture."""

from __future__ import annotations

import numpy as np
import pytest
from makers import clips

from streamcam.drawing.overlay import Overlay
from streamcam.types import Explanation, Region


def test_the_panel_shows_labels_bars_and_the_question():
    image = np.full((480, 640, 3), 128, np.uint8)
    explanation = clips.explanation(640, 480)
    heat = np.zeros_like(explanation.heatmaps)

    def panel(labels, **options):
        return Overlay(labels, alpha=0.0, **options).draw(image, heat, explanation)

    plain = panel(("ant", "bee", "cat"))
    assert (plain[:160, :380] != 128).any()
    np.testing.assert_array_equal(plain[200:], image[200:])  # nothing but the panel
    assert (panel(("ant", "bee", "cat"), hud=False) == image).all()
    assert (panel(("ant", "虎", "cat")) != panel(("ant", "蛇", "cat"))).any()
    assert (panel(("ant", "é", "cat")) != panel(("ant", "e", "cat"))).any()
    amber = (plain[..., 2].astype(int) - plain[..., 0] > 120).sum()
    assert amber > 1000  # the explained class's bar, 0.7 long, and its name
    assert (panel(("ant", "b" * 300, "cat"))[:, 400:] == 128).all()  # a long name is cut, not spilled


def test_an_explained_class_is_listed_even_when_it_is_improbable():
    probabilities = np.linspace(1, 0, 50, dtype=np.float32)
    explanation = Explanation(
        np.zeros((1, 2, 2), np.float32),
        np.array([49], np.int32),
        probabilities[[49]],
        probabilities,
        Region(0, 0, 640, 480),
    )
    image = np.full((480, 640, 3), 128, np.uint8)
    labels = tuple(f"label {i}" for i in range(50))
    without = Overlay(labels, top_k=3, alpha=0).draw(image, explanation.heatmaps, explanation)
    rows = np.flatnonzero((without != 128).any(axis=(1, 2)))
    assert rows[-1] - rows[0] > 4 * 30  # a question and four rows


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (40, 30), (64, 48), (3000, 20), (20, 3000)])
def test_pictures_too_small_for_text_get_none(size):
    image = np.full((*size, 3), 128, np.uint8)
    drawn = Overlay(("a", "b", "c")).draw(image, clips.explanation().heatmaps / 2, clips.explanation(size[1], size[0]))
    assert drawn.shape == image.shape
