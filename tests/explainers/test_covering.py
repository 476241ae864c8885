"""Proof by covering: what an answer hangs on, and what it does not."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from streamcam import Frame, GradCAM, VideoSource
from streamcam.explainers.covering import CoverMeter, covered, ends_of
from streamcam.pipeline.explaining import explained
from streamcam.types import Explanation, Region


def test_the_ends_of_a_map_are_a_tenth_each_and_lie_apart():
    heatmap = np.zeros((10, 20), np.float32)
    heatmap[2:4, 3:13] = np.arange(20).reshape(2, 10) + 1
    hot, cold = ends_of(heatmap)
    assert hot.sum() == cold.sum() == 20
    assert (hot == (heatmap > 0)).all()
    assert cold[:, 0].all()  # far from the peak
    flat_hot, flat_cold = ends_of(np.ones((7, 7), np.float32))
    assert not (flat_hot & flat_cold).any()


def test_what_is_covered_is_blurred_and_the_rest_stays():
    picture = np.random.default_rng(0).integers(0, 256, (210, 210, 3), np.uint8)
    places = np.zeros((7, 7), bool)
    places[3, 3] = True
    changed = covered(picture, places)
    assert (changed[:60] == picture[:60]).all()
    assert changed[100:110, 100:110].std() < 0.1 * picture[100:110, 100:110].std()


def explanation(heatmap, time, index=0, given=None):
    p = np.array([0.8, 0.2], np.float32) if given is None else np.array([given, 1 - given], np.float32)
    classes = np.array([index], np.int32)
    region = Region(0, 0, 70, 70)
    return Explanation(heatmap[None], classes, p[classes], p, region, round(30 * time), time)


class Model:
    """Says class 0 as surely as the upper left part is bright: a shortcut, whatever is in the middle."""

    asked = 0

    def __call__(self, picture):
        self.asked += 1
        p = float(picture[:20, :20].max()) / 255
        return np.array([p, 1 - p], np.float32)


def test_a_map_that_points_at_the_object_is_refuted_by_a_shortcut():
    picture = np.zeros((70, 70, 3), np.uint8)
    picture[4:8, 4:8] = 255  # the mark in the corner
    picture[25:45, 25:45] = 120  # the object
    there, here = np.zeros((7, 7), np.float32), np.zeros((7, 7), np.float32)
    there[3, 3], here[0, 0] = 1, 1
    wrong = CoverMeter().read(explanation(there, 0.0, given=1.0), picture, Model())
    assert wrong.hot == pytest.approx(0, abs=0.02)
    assert not wrong.proves
    right = CoverMeter().read(explanation(here, 0.0, given=1.0), picture, Model())
    assert right.hot > 0.5
    assert right.cold == pytest.approx(0, abs=0.02)
    assert right.proves


def test_three_times_a_second_is_enough_and_another_class_starts_afresh():
    heatmap = np.eye(7, dtype=np.float32)
    picture = np.full((70, 70, 3), 200, np.uint8)
    meter, model = CoverMeter(), Model()
    for frame in range(31):
        meter.read(explanation(heatmap, frame / 30), picture, model)
    assert model.asked == 2 * 4  # hot, cold: at 0, 1/3, 2/3 and 1 s
    meter.read(explanation(heatmap, 1.05, index=1), picture, model)
    assert model.asked == 2 * 5
    assert meter.read(explanation(0 * heatmap, 2.0), picture, model) is None
    assert meter.read(replace(explanation(heatmap, 3.0), against=np.array([True])), picture, model) is None


def test_covering_what_is_hot_costs_the_sample_most(sample, bundled):
    explain = GradCAM(bundled, check=True)
    with VideoSource(sample) as source:
        found = [e.covering for _, e in explained(source, explain)]
    assert all(found)
    espresso = found[100:]
    hot, cold = (np.mean([getattr(one, name) for one in espresso]) for name in ("hot", "cold"))
    assert hot > 3 * abs(cold)


@pytest.mark.parametrize("engine", ["openvino", "tensorflow"])
def test_every_engine_can_be_asked(bundled, coffee, engine):
    explain = GradCAM(bundled, engine=engine, check=True, size=96, targets=("tabby", "espresso"))
    frame = Frame(cv2.resize(coffee, (300, 200)), 0, 0.0)
    found = explain(frame).covering
    assert found is not None
    assert -1 <= found.hot <= 1
    assert explain(frame, ("top1", "espresso")).covering is not None
    explain.check = False
    assert explain(frame).covering is None
