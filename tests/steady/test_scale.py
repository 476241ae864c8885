"""Full heat is the evidence of a confident answer: weak answers look weak, and none is dark."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from makers.footage import explained_frames, texture

from streamcam.settings import HeatSettings
from streamcam.steady.heat import make_steady, steadied, unsteadied
from streamcam.types import Explanation

MAP = np.array([[1.0, 4.0, 2.0], [0.0, 2.0, 1.0]])
BOTH = pytest.mark.parametrize("ahead", [0, 8])


def strong(levels, *, classes=None, pictures=None, maps=None):
    """Frames whose answers are so strong."""
    stream = explained_frames(maps or [MAP] * len(levels), pictures, classes)
    for (frame, explanation), level in zip(stream, levels, strict=True):
        yield frame, replace(explanation, strength=np.array([level], np.float32), certainty=level)


def shown(stream, **options):
    return [explanation for _, explanation in steadied(stream, **options)]


@BOTH
def test_the_hottest_place_is_as_hot_as_the_answer_is_strong(ahead):
    for level in (0.6, 0.8, 1.0):
        for explanation in shown(strong([level] * 20), ahead=ahead):
            assert explanation.heat.max() == pytest.approx(level, abs=0.01)
            np.testing.assert_allclose(explanation.heat[0] / explanation.heat.max(), MAP / 4, atol=0.01)


@BOTH
def test_how_large_the_numbers_are_does_not_matter(ahead):
    maps = [MAP * scale for scale in np.geomspace(1e-4, 1e4, 30)]
    for explanation in shown(strong([0.8] * 30, maps=maps), ahead=ahead):
        assert explanation.heat.max() == pytest.approx(0.8, abs=0.01)


@BOTH
def test_no_idea_is_dark_and_said(ahead):
    for explanation in shown(strong([0.2] * 12), ahead=ahead):
        assert explanation.verdict == "no idea"
        assert not explanation.heat.any()
        assert explanation.heatmaps.any()
    for explanation in shown(strong([0.2] * 12), ahead=ahead, settings=HeatSettings(scale="clip")):
        assert explanation.verdict == "no idea"
        assert explanation.heat.max() == pytest.approx(1)


@BOTH
def test_heat_comes_and_goes_without_a_jump(ahead):
    """A certainty that wanders through all of the scale, with noise on it."""
    random = np.random.default_rng(1)
    wander = 0.5 - 0.5 * np.cos(np.linspace(0, 4 * np.pi, 400)) + random.normal(0, 0.08, 400)
    found = shown(strong(np.clip(wander, 0, 1).tolist(), pictures=[texture(3)] * 400), ahead=ahead)
    heats = np.array([explanation.heat.max() for explanation in found])
    assert np.abs(np.diff(heats)).max() < 0.16
    assert heats.max() > 0.85
    assert heats.min() == 0
    verdicts = [explanation.verdict for explanation in found]
    assert set(verdicts) == {"sure", "unsure", "no idea"}
    assert sum(a != b for a, b in itertools.pairwise(verdicts)) <= 12


@BOTH
def test_after_a_cut_the_strength_is_the_new_shots(ahead):
    levels = [0.9] * 20 + [0.1] * 20 + [0.9] * 20
    pictures = [texture(1)] * 20 + [texture(9)] * 20 + [texture(5)] * 20
    found = shown(strong(levels, pictures=pictures), ahead=ahead)
    assert [round(explanation.certainty, 2) for explanation in found] == levels


def test_another_class_in_the_same_shot_begins_near_the_certainty():
    found = shown(strong([0.9] * 30 + [0.5] * 30, classes=[0] * 30 + [1] * 30))
    assert found[30].heat.max() > 0.7
    assert found[59].heat.max() == pytest.approx(0.5, abs=0.1)


def test_the_scale_of_the_frame_stretches_each():
    for scale, steady in (("frame", True), ("frame", False), ("clip", False)):
        stream = make_steady(HeatSettings(scale=scale, steady=steady))(strong([0.9, 0.5, 0.4, 0.2]))
        assert [explanation.heat.max() for _, explanation in stream] == pytest.approx([1, 1, 1, 1])


def test_single_pictures_have_a_verdict_too():
    found = [explanation for _, explanation in unsteadied(strong([0.9, 0.5, 0.2]))]
    assert [explanation.verdict for explanation in found] == ["sure", "unsure", "no idea"]
    assert [float(explanation.heat.max()) for explanation in found] == pytest.approx([0.9, 0.5 * 0.857, 0], abs=0.01)


def test_an_explainer_without_strength_is_shown_as_before():
    stream = list(explained_frames([MAP] * 3))
    assert all(isinstance(explanation, Explanation) and explanation.strength is None for _, explanation in stream)
    for explanation in shown(iter(stream)):
        assert explanation.heat.max() == pytest.approx(1)
        assert explanation.verdict is None
