"""A name that stays, keeps up, and agrees with what is shown."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from skimage import data

from streamcam import Frame, GradCAM
from streamcam.pipeline.explaining import explained
from streamcam.steady.heat import AHEAD
from streamcam.steady.naming import CLOSE, HOLD, MOMENT, SteadyNaming

GRAY = np.full((60, 80, 3), 90, np.uint8)


def named(probabilities, *, ahead=0, fps=30, pictures=None):
    """What is named of each frame, with the probabilities of two classes, or of the first of two."""
    naming, found = SteadyNaming(ahead), []
    rows = [np.array([p, 1 - p] if np.isscalar(p) else p, np.float32) for p in probabilities]
    for i, row in enumerate(rows):
        naming.see(row, Frame(pictures[i] if pictures else GRAY, i, i / fps))
        while naming.is_decided(i):
            found.append(naming.name())
    while len(found) < len(rows):
        found.append(naming.name())
    return found


def test_before_anything_is_seen_the_best_class_is_asked_for():
    naming = SteadyNaming()
    assert naming.targets == ("top1",)
    assert naming.held is None
    naming.see(np.array([0.2, 0.8], np.float32), Frame(GRAY, 0, 0.0))
    naming.name()
    assert naming.targets == (1,)
    assert naming.held == 1


@pytest.mark.parametrize("ahead", [0, AHEAD])
def test_one_odd_frame_changes_nothing(ahead):
    found = named([0.9] * 15 + [0.1] + [0.9] * 15, ahead=ahead)
    assert {one.index for one in found} == {0}
    assert min(one.probabilities[0] for one in found) > 0.7


@pytest.mark.parametrize("fps", [10, 30, 60])
def test_a_change_is_named_in_time(fps):
    count = round(2 * fps)
    live = [one.index for one in named([0.9] * count + [0.1] * count, fps=fps)]
    assert live[:count] == [0] * count
    assert (live.index(1) - count) / fps <= HOLD
    ahead = [one.index for one in named([0.9] * count + [0.1] * count, ahead=AHEAD, fps=fps)]
    assert abs(ahead.index(1) - count) <= max(1, fps * 0.15)  # files look both ways


@pytest.mark.parametrize("ahead", [0, AHEAD])
def test_name_and_probabilities_agree(ahead):
    """On noise of a kind that changes its best class ten times a second."""
    random = np.random.default_rng(3)
    rows = random.dirichlet(np.full(5, 0.8), 300)
    rows = 0.5 * rows + 0.5 * np.repeat(random.dirichlet(np.full(5, 0.8), 10), 30, axis=0)
    found = named(list(rows.astype(np.float32)), ahead=ahead)
    behind = [one.probabilities.max() - one.probabilities[one.index] for one in found]
    assert max(behind) <= CLOSE
    assert all(one.probabilities[one.index] >= 0.5 * one.probabilities.max() for one in found)
    names, raw = [one.index for one in found], rows.argmax(axis=1)
    changes = [sum(a != b for a, b in itertools.pairwise(each)) for each in (names, raw)]
    assert changes[0] < 0.4 * changes[1]


def test_live_a_class_that_is_behind_stays_for_a_moment_only():
    """As close behind as a name may be for ever in a file."""
    rows = [[0.5, 0.46]] * 60 + [[0.46, 0.5]] * 90
    live = [one.index for one in named(rows)]
    assert 0 < live.index(1) - 60 <= 30 * (MOMENT / 2 + HOLD)
    assert {one.index for one in named(rows, ahead=AHEAD)} == {0}


def test_a_class_under_half_of_the_best_is_not_held():
    rows = [[0.05, 0.02, 0.93 / 98] + [0.93 / 98] * 97] * 30 + [[0.02, 0.05] + [0.93 / 98] * 98] * 60
    assert CLOSE >= 0.03
    assert [one.index for one in named(rows, ahead=AHEAD)][-1] == 1


def test_a_cut_ends_the_moment():
    random = np.random.default_rng(0)
    one, other = (np.repeat(random.integers(0, 256, (60, 80, 1), np.uint8), 3, 2) for _ in range(2))
    found = named([0.9] * 20 + [0.2] * 20, ahead=AHEAD, pictures=[one] * 20 + [other] * 20)
    assert [round(float(each.probabilities[0]), 4) for each in found] == [0.9] * 20 + [0.2] * 20
    assert [each.index for each in found] == [0] * 20 + [1] * 20


@pytest.mark.parametrize("in_flight", [1, 3])
@pytest.mark.parametrize("ahead", [0, AHEAD])
def test_what_is_named_is_what_is_explained_whatever_is_in_flight(in_flight, ahead, bundled, cat, coffee):
    explain = GradCAM(bundled, in_flight=in_flight, size=96)
    one, other = (cv2.resize(picture, (120, 120)) for picture in (cat, coffee))
    shares = np.clip(
        np.repeat(np.random.default_rng(2).random(12), 5) + np.random.default_rng(4).normal(0, 0.2, 60), 0, 1
    )
    frames = [Frame(cv2.addWeighted(one, s, other, 1 - s, 0), i, i / 30) for i, s in enumerate(shares)]
    plain = [explain(frame) for frame in frames]
    naming, wanted = SteadyNaming(ahead), []
    for frame, explanation in zip(frames, plain, strict=True):
        naming.see(explanation.probabilities, frame)
        while naming.is_decided(frame.index):
            wanted.append(naming.name())
    while len(wanted) < len(frames):
        wanted.append(naming.name())
    out = [explanation for _, explanation in explained(frames, explain, naming=SteadyNaming(ahead))]
    assert [int(explanation.classes[0]) for explanation in out] == [one.index for one in wanted]
    for explanation, each in zip(out, wanted, strict=True):
        np.testing.assert_allclose(explanation.probabilities, each.probabilities, atol=1e-6)
        assert explanation.scores[0] == explanation.probabilities[explanation.classes[0]]
    assert len({int(explanation.classes[0]) for explanation in out}) > 1
    assert explain.trace_count == 1


def test_a_cut_forgets_the_name(bundled):
    """Fifty cuts between shots of four frames each, which move a little."""
    pictures = [picture[..., ::-1] for picture in (data.chelsea(), data.coffee(), data.rocket(), data.astronaut())]
    random, frames = np.random.default_rng(5), []
    for shot in range(51):
        picture = pictures[shot % 4]
        x, y = (int(random.integers(0, most - 200)) for most in (picture.shape[1], picture.shape[0]))
        for k in range(4):
            view = picture[y : y + 180, x + 3 * k : x + 3 * k + 180]
            frames.append(Frame(np.ascontiguousarray(view), len(frames), len(frames) / 30))
    for every, ahead in ((1, 0), (1, AHEAD), (2, AHEAD), ("auto", AHEAD), ("auto", 0)):
        explain = GradCAM(bundled, size=96, in_flight=2)
        out = list(explained(frames, explain, naming=SteadyNaming(ahead), every=every))
        firsts = [explanation for i, (_, explanation) in enumerate(out) if i % 4 == 0]
        assert [e.index for e in firsts] == [4 * shot for shot in range(51)]
        assert all(e.probabilities[e.classes[0]] >= e.probabilities.max() - 1e-6 for e in firsts)
        shots = [out[4 * shot + k][1] for shot in range(51) for k in range(4)]
        assert all(e.scores[0] >= min(0.05, e.probabilities.max() - CLOSE) for e in shots)


def test_what_moves_is_no_cut():
    pan = np.random.default_rng(1).integers(0, 2, (60, 400), np.uint8) * 255
    pan = cv2.cvtColor(cv2.GaussianBlur(cv2.resize(pan, (1600, 240)), (0, 0), 6), cv2.COLOR_GRAY2BGR)
    pictures = [np.ascontiguousarray(pan[:, x : x + 320]) for x in range(0, 600, 12)]
    found = named([0.9] * 25 + [0.1] * 25, pictures=pictures)
    assert 0.5 < found[25].probabilities[0] < 0.9  # still of the moment before
