"""A name that stays."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from skimage import data

from streamcam import Frame, GradCAM
from streamcam.pipeline.explaining import explained
from streamcam.steady.naming import LEAD_FRAMES, SteadyNaming


def test_a_name_stays_until_another_leads_by_much_or_for_a_while():
    naming = SteadyNaming()
    assert naming.targets == ("top1",)
    naming.update(np.array([0.5, 0.4], np.float32))
    assert naming.targets == (0,)
    for _ in range(LEAD_FRAMES - 1):
        naming.update(np.array([0.4, 0.5], np.float32))
    assert naming.held == 0
    naming.update(np.array([0.5, 0.4], np.float32))  # it led again: the count starts anew
    for _ in range(LEAD_FRAMES - 1):
        naming.update(np.array([0.4, 0.5], np.float32))
    assert naming.held == 0
    naming.update(np.array([0.4, 0.5], np.float32))
    assert naming.held == 1
    naming.update(np.array([0.9, 0.1], np.float32))
    assert naming.held == 0


@pytest.mark.parametrize("in_flight", [1, 3])
def test_what_is_named_is_what_is_explained_whatever_is_in_flight(in_flight, bundled, cat, coffee):
    explain = GradCAM(bundled, in_flight=in_flight, size=96)
    one, other = (cv2.resize(picture, (160, 120)) for picture in (cat, coffee))
    shares = np.random.default_rng(2).random(60)
    frames = [Frame(cv2.addWeighted(one, s, other, 1 - s, 0), i, i / 30) for i, s in enumerate(shares)]
    plain = [explain(frame) for frame in frames]
    naming, wanted = SteadyNaming(), []
    for frame, explanation in zip(frames, plain, strict=True):
        naming.update(explanation.probabilities, frame.image)
        wanted.append(naming.held)
    out = list(explained(frames, explain, naming=SteadyNaming()))
    assert [int(e.classes[0]) for _, e in out] == wanted
    assert len(set(wanted)) > 1
    assert explain.trace_count == 1
    changes = sum(a != b for a, b in itertools.pairwise(wanted))
    assert changes < sum(a.classes[0] != b.classes[0] for a, b in itertools.pairwise(plain))


def test_a_cut_forgets_the_name(bundled):
    """Fifty shots of four frames each, which move a little."""
    pictures = [picture[..., ::-1] for picture in (data.chelsea(), data.coffee(), data.rocket(), data.astronaut())]
    random, frames = np.random.default_rng(5), []
    for shot in range(51):
        picture = pictures[shot % 4]
        x, y = (int(random.integers(0, most - 200)) for most in (picture.shape[1], picture.shape[0]))
        for k in range(4):
            view = picture[y : y + 180, x + 3 * k : x + 3 * k + 180]
            frames.append(Frame(np.ascontiguousarray(view), len(frames), len(frames) / 30))
    for every in (1, 2, "auto"):
        explain = GradCAM(bundled, size=96, in_flight=2)
        out = list(explained(frames, explain, naming=SteadyNaming(), every=every))
        firsts = [explanation for i, (_, explanation) in enumerate(out) if i % 4 == 0]
        assert [e.index for e in firsts] == [4 * shot for shot in range(51)]
        assert all(e.probabilities[e.classes[0]] == e.probabilities.max() for e in firsts)
    pan = np.random.default_rng(1).integers(0, 2, (60, 400), np.uint8) * 255
    pan = cv2.cvtColor(cv2.GaussianBlur(cv2.resize(pan, (1600, 240)), (0, 0), 6), cv2.COLOR_GRAY2BGR)
    naming = SteadyNaming()
    for x in range(0, 600, 12):
        naming.update(np.array([0.5, 0.4] if x == 0 else [0.4, 0.5], np.float32), pan[:, x : x + 320])
        assert x >= 12 * LEAD_FRAMES or naming.held == 0  # what moves is no cut
