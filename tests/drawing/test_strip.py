"""The strip of time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from streamcam.drawing.corner import Box
from streamcam.drawing.overlay import Overlay
from streamcam.drawing.strip import draw_strip, heights_of, said_of
from streamcam.types import ClipExplanation, Explanation, Region


def explanation(evidence, *, time=0.0, strength=1.0, verdict=None):
    """Of one class, with so much evidence at each of four moments, a second apart."""
    maps = np.array(evidence, np.float32)[None, :, None, None] * np.ones((1, 1, 2, 2), np.float32)
    one, none = np.zeros(1, np.int32), np.full(1, -1, np.int32)
    score = np.full(1, 0.8, np.float32)
    region = Region(0, 0, 320, 240)
    clip = ClipExplanation(
        maps, one, none, np.zeros(1, bool), score, np.array([0.8, 0.2], np.float32), np.full(1, strength, np.float32), 0.9,
        region, np.arange(4), np.arange(4.0),
    )  # fmt: skip
    return Explanation(
        maps[:, 0], one, score, clip.probabilities, region, 0, time, heat=np.zeros((1, 2, 2), np.float32),
        strength=np.full(1, strength, np.float32), certainty=0.9, verdict=verdict, clip=clip,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("evidence", "time", "said"),
    [
        ([0, 1, 0, 0], 1.0, "now"),
        ([0, 1, 0, 0], 3.0, "2.0 s ago"),
        ([0, 0, 0, 1], 1.4, "in 2.0 s"),
        ([0, 0, 0, 0], 1.0, ""),
    ],
)
def test_when_is_said_from_the_moment_that_is_shown(evidence, time, said):
    assert said_of(explanation(evidence, time=time)) == said


def test_heights_are_as_strong_as_the_answer():
    np.testing.assert_allclose(heights_of(explanation([1, 2, 0, 4], strength=0.5)), [[0.125, 0.25, 0, 0.5]])
    assert not heights_of(explanation([1, 2, 0, 4], verdict="no idea")).any()


def test_columns_are_drawn_to_scale_and_the_shown_moment_is_marked():
    image = np.zeros((60, 200, 3), np.uint8)
    draw_strip(image, explanation([0, 1, 0.5, 0], time=2.0), Box(20, 10, 160, 42))
    assert not image[:10].any()
    assert not image[:, :20].any()
    assert not image[52:].any()
    filled = (image[..., 2] > 200) & (image[..., 0] < 120)  # amber
    assert [int(filled[:, 20 + 40 * k : 60 + 40 * k].any(axis=1).sum()) for k in range(4)] == [0, 35, 18, 0]
    marked = (image > 250).all(axis=2)
    assert marked[:, 100:139].any()
    assert not marked[:, :100].any()
    assert not marked[:, 140:].any()


def test_the_panel_has_it_as_its_last_line():
    image = np.full((240, 320, 3), 100, np.uint8)
    shown = explanation([0, 1, 0, 0], time=1.0)
    overlay = Overlay(("moves", "stays"), alpha=0.0)
    with_strip, without = overlay.draw(image, shown), overlay.draw(image, replace(shown, clip=None))
    rows = (with_strip != image).any(axis=(1, 2)).sum(), (without != image).any(axis=(1, 2)).sum()
    assert rows[0] > rows[1]
