"""Heat that is steady over time."""

from __future__ import annotations

import numpy as np
import pytest
from makers.footage import SIZE, explained_frames, texture

from streamcam import GradCAM, VideoSource
from streamcam.evaluate.steadiness import lag_after_cuts, steadiness
from streamcam.explainers.precision import correlation
from streamcam.pipeline.explaining import explained
from streamcam.steady.heat import steadied, unsteadied
from streamcam.steady.naming import SteadyNaming


def heats(stage):
    return [explanation.heat[0] for _, explanation in stage]


FLAT = np.full((6, 8), 1.0)


BOTH = pytest.mark.parametrize("ahead", [0, 8])


def test_weak_evidence_looks_weak_beside_strong():
    strong, weak = 4 * FLAT, 0.4 * FLAT
    shown = heats(steadied(explained_frames([strong, *[weak] * 200])))
    assert shown[0].max() == 1
    assert shown[30].max() < 0.2
    assert shown[200].max() > 0.5  # what was strong is forgotten in time


@BOTH
def test_no_evidence_stays_dark_and_the_minimum_is_not_subtracted(ahead):
    assert all((heat == 0).all() for heat in heats(steadied(explained_frames([0 * FLAT] * 5), ahead=ahead)))
    heat = np.full((6, 8), 2.0)
    heat[:, :4] = 4.0
    for shown in heats(steadied(explained_frames([heat] * 5), ahead=ahead)):
        assert shown.max() == pytest.approx(1)
        assert shown.min() == pytest.approx(0.5)


@BOTH
def test_every_frame_comes_out_once_in_order_with_its_raw_explanation(ahead):
    maps = [np.random.default_rng(i).random((6, 8)) for i in range(20)]
    out = list(steadied(explained_frames(maps), ahead=ahead))
    assert [frame.index for frame, _ in out] == list(range(20))
    for (_, explanation), heat in zip(out, maps, strict=True):
        np.testing.assert_allclose(explanation.heatmaps[0], heat, rtol=1e-6)


@BOTH
def test_noise_is_averaged_away(ahead):
    random = np.random.default_rng(0)
    maps = [np.clip(FLAT + random.normal(0, 0.3, FLAT.shape), 0, None) for _ in range(60)]
    raw, steady = (
        steadiness(stage).flicker
        for stage in (unsteadied(explained_frames(maps)), steadied(explained_frames(maps), ahead=ahead))
    )
    assert steady < 0.3 * raw


def test_looking_ahead_is_steadier_than_not():
    random = np.random.default_rng(0)
    maps = [np.clip(FLAT + random.normal(0, 0.3, FLAT.shape), 0, None) for _ in range(60)]
    live, file = (steadiness(steadied(explained_frames(maps), ahead=ahead)).flicker for ahead in (0, 8))
    assert file < live


@BOTH
def test_heat_moves_with_the_picture(ahead):
    pictures = [texture(1, 2 * i) for i in range(30)]
    x = np.arange(8)
    maps = [np.exp(-((x - 2 - 2 * i * 8 / SIZE[0]) ** 2)) * np.ones((6, 1)) for i in range(30)]
    for index, (heat, own) in enumerate(
        zip(heats(steadied(explained_frames(maps, pictures), ahead=ahead)), maps, strict=True)
    ):
        assert abs(float((heat * x).sum() / heat.sum() - (own * x).sum() / own.sum())) < 0.5, index


@BOTH
def test_a_cut_starts_afresh(ahead):
    pictures = [texture(1)] * 10 + [texture(2)] * 10
    left, right = np.zeros((6, 8)), np.zeros((6, 8))
    left[:, :3], right[:, 5:] = 1, 0.2
    shown = list(steadied(explained_frames([left] * 10 + [right] * 10, pictures), ahead=ahead))
    for _, explanation in shown:
        assert correlation(explanation.heat[0], explanation.heatmaps[0]) > 0.99
        assert explanation.heat.max() == pytest.approx(1)
    assert lag_after_cuts(shown) == [0]
    assert [explanation.cut for _, explanation in shown] == [False] * 10 + [True] + [False] * 9


@BOTH
def test_another_class_starts_afresh(ahead):
    maps = [100 * FLAT] * 5 + [FLAT] * 5
    shown = heats(steadied(explained_frames(maps, classes=[0] * 5 + [1] * 5), ahead=ahead))
    assert shown[5].max() == pytest.approx(1)


def test_a_map_between_explanations_moves_along():
    pictures = [texture(1, 3 * i) for i in range(9)]
    x = np.arange(8)
    maps = [np.exp(-((x - 1 - 3 * i * 8 / SIZE[0]) ** 2)) * np.ones((6, 1)) for i in range(9)]
    frames = list(explained_frames(maps, pictures))
    held = [(frame, frames[0][1]) for frame, _ in frames]  # explained once, as with --every 9
    for heat, own in zip(heats(steadied(held)), maps, strict=True):
        assert abs(float((heat * x).sum() / heat.sum() - (own * x).sum() / own.sum())) < 0.7
    # an explanation that comes late, as live, is brought to where its places are now
    late = [(frame, frames[max(0, i - 4)][1]) for i, (frame, _) in enumerate(frames)]
    heat = heats(steadied(late))[-1]
    assert abs(float((heat * x).sum() / heat.sum() - (maps[-1] * x).sum() / maps[-1].sum())) < 0.7


def test_heat_does_not_grow_while_no_map_comes():
    maps = [0.02 * FLAT + np.eye(6, 8)] * 300
    frames = list(explained_frames(maps, [texture(1)] * 300))
    held = [(frame, frames[0][1]) for frame, _ in frames]  # as live, while something is being prepared
    shown = heats(steadied(held))
    np.testing.assert_allclose(shown[-1], shown[0], atol=1e-3)


def test_a_late_explanation_of_another_shot_is_not_shown():
    pictures = [texture(1)] * 4 + [texture(2)] * 4
    frames = list(explained_frames([FLAT] * 8, pictures))
    late = [(frame, frames[max(0, i - 2)][1]) for i, (frame, _) in enumerate(frames)]
    shown = [explanation for _, explanation in steadied(late)]
    assert [explanation.heat is None for explanation in shown] == [False] * 4 + [True] * 2 + [False] * 2
    assert [explanation.cut for explanation in shown] == [False] * 6 + [True, False]  # with its first heat


def test_real_footage_is_steadier_and_says_the_same(sample, bundled):
    explain = GradCAM(bundled, in_flight=2)
    with VideoSource(sample) as source:
        raw = list(explained(source, explain))
    named = list(explained((frame for frame, _ in raw), explain, naming=SteadyNaming()))
    before = steadiness(unsteadied(raw)).flicker
    live, file = list(steadied(named)), list(steadied(named, ahead=8))
    assert steadiness(live).flicker <= 0.4 * before
    assert steadiness(file).flicker <= 0.3 * before
    for shown in (live, file):
        assert np.mean([correlation(e.heat[0], e.heatmaps[0]) for _, e in shown]) >= 0.9
        assert max(lag_after_cuts(shown)) <= 1


def test_what_is_left_of_no_evidence_is_dark():
    """Of a probability of 1, the gradient is rounding."""
    frames = list(explained_frames([np.full((4, 4), 1e-25, np.float32)] * 6))
    for shown in (list(steadied(frames)), list(steadied(frames, ahead=4)), list(unsteadied(frames))):
        assert max(explanation.heat.max() for _, explanation in shown) < 1e-6
