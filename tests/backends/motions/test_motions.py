"""The bundled video classifier, on photographs and on ways that it was not trained on."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from streamcam import VideoSource, load_model
from streamcam.backends.motions import network
from streamcam.backends.motions.clips import MOTIONS, SAMPLES, SIDE, make_clip
from streamcam.errors import ModelError
from streamcam.explainers.clips import ClipGradCAM
from streamcam.photographs import photographs
from streamcam.pipeline.clips import explained_clips

SAMPLES_FOLDER = Path(__file__).parents[3] / "samples"


@pytest.fixture(scope="module")
def explain():
    return ClipGradCAM(load_model("motions"), precision="f32", fit="stretch")


def test_it_says_what_moves_where_and_when(explain):
    random, kept = np.random.default_rng(11), list(photographs())
    right, on_it, in_time, shuffled = [], [], [], []
    for number in range(80):
        made = make_clip(random, kept, number % len(MOTIONS))
        assert made.images.shape == (SAMPLES, SIDE, SIDE, 3)
        said = explain.explain_clip(made.images)
        right.append(int(said.probabilities.argmax()) == made.label)
        other = explain.explain_clip(made.images[random.permutation(SAMPLES)])
        shuffled.append(int(other.probabilities.argmax()) == made.label)
        if not right[-1] or MOTIONS[made.label] == "stays":
            continue
        step, y, x = np.unravel_index(int(said.heatmaps[0].argmax()), said.heatmaps[0].shape)
        cell = SIDE / said.heatmaps.shape[-1]
        x0, y0, x1, y1 = made.boxes[int(np.flatnonzero(said.steps == step)[0])]
        on_it.append(x0 - cell <= (x + 0.5) * cell <= x1 + cell and y0 - cell <= (y + 0.5) * cell <= y1 + cell)
        in_time.append(int(said.shares[0].argmax()) in made.event)
    assert np.mean(right) >= 0.9
    assert np.mean(on_it) >= 0.9
    assert np.mean(in_time) >= 0.9
    assert np.mean(shuffled) <= 0.4  # it looks at the order of the frames


def test_every_motion_of_the_sample_is_named_while_it_happens():
    sys.path.insert(0, str(SAMPLES_FOLDER))
    try:
        import make_moving
    finally:
        sys.path.remove(str(SAMPLES_FOLDER))
    explain = ClipGradCAM(load_model("motions"), precision="f32")
    with VideoSource(SAMPLES_FOLDER / "moving.mp4") as source:
        given = list(explained_clips(source, explain, names_one=True))
    for name, begin, end in make_moving.events():
        during = [explanation for frame, explanation in given if begin + 0.1 <= frame.time <= end - 0.1]
        assert {MOTIONS[int(explanation.classes[0])] for explanation in during} == {name}
        strongest = max(during, key=lambda explanation: float(explanation.strength[0]))
        _, h, w = strongest.heatmaps.shape
        row, column = np.unravel_index(int(strongest.heatmaps[0].argmax()), (h, w))
        x, y, wide = make_moving.cup_at(strongest.time)
        assert abs((column + 0.5) * make_moving.WIDTH / w - x) < 0.7 * wide
        assert abs((row + 0.5) * make_moving.HEIGHT / h - y) < 0.8 * wide


def test_a_clip_is_labelled_by_what_its_pictures_show():
    random, kept = np.random.default_rng(5), list(photographs())
    for label, name in enumerate(MOTIONS):
        made = make_clip(random, kept, label)
        change = np.abs(np.diff(made.images.astype(int), axis=0)).mean(axis=(1, 2, 3))
        first, last = made.boxes[0], made.boxes[-1]
        moved, grown = (
            (last[:2] + last[2:] - first[:2] - first[2:]) / 2,
            (last[2:] - last[:2]) / (first[2:] - first[:2]),
        )
        if name != "stays":
            during = change[max(0, made.event.start - 1) : made.event.stop - 1].mean()
            outside = np.delete(change, range(max(0, made.event.start - 1), made.event.stop))
            assert during > outside.mean()
        match name:
            case "moves left" | "moves right":
                assert np.sign(moved[0]) == (1 if name == "moves right" else -1)
                assert abs(moved[0]) > abs(moved[1])
            case "moves up" | "moves down":
                assert np.sign(moved[1]) == (1 if name == "moves down" else -1)
                assert abs(moved[1]) > abs(moved[0])
            case "grows" | "shrinks":
                assert (grown > 1.2).any() if name == "grows" else (grown < 0.85).any()


def test_its_weights_are_small_and_checked(monkeypatch):
    path = files("streamcam.backends.motions") / network.MOTIONS_FILE
    assert len(path.read_bytes()) <= 3e6
    monkeypatch.setattr(network, "MOTIONS_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="are damaged"):
        network.motions_network()


def test_it_has_no_other_weights():
    with pytest.raises(ModelError, match="motions brings its own weights"):
        load_model("motions", weights="other.h5")
