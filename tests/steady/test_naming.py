"""A name that stays."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from streamcam import Frame, GradCAM
from streamcam.steady.naming import LEAD_FRAMES, Naming


def test_a_name_stays_until_another_leads_by_much_or_for_a_while():
    naming = Naming()
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
    naming, wanted = Naming(), []
    for explanation in plain:
        naming.update(explanation.probabilities)
        wanted.append(naming.held)
    out = list(explain.stream(frames, naming=Naming()))
    assert [int(e.classes[0]) for _, e in out] == wanted
    assert len(set(wanted)) > 1
    assert explain.trace_count == 1
    changes = sum(a != b for a, b in itertools.pairwise(wanted))
    assert changes < sum(a.classes[0] != b.classes[0] for a, b in itertools.pairwise(plain))
