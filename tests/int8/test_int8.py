"""Models in 8-bit integers. With NNCF installed only, and run by themselves: ``pytest tests/int8``."""

from __future__ import annotations

import logging
import subprocess
import sys

import numpy as np
import pytest

from streamcam import Cache, GradCAM, load_model
from streamcam.explainers.precision import correlation
from streamcam.photographs import photographs, views

# A network whose explanations survive: without depthwise convolutions, whose few numbers quantise badly.
ROBUST = {"model": "resnet50", "weights": "none"}
SIZE = 96


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return Cache(tmp_path_factory.mktemp("cache"))


def test_it_says_what_f32_says(cache):
    classifier = load_model(**ROBUST)
    full, small = (GradCAM(classifier, size=SIZE, precision=p, cache=cache) for p in ("f32", "int8"))
    for picture in photographs():
        expected = full(picture)
        found = small(picture, targets=[int(expected.classes[0])])
        assert correlation(found.heatmaps[0], expected.heatmaps[0]) > 0.98
    assert (small.precision, small.layer) == ("int8", "conv5_block3_out")
    other = GradCAM(classifier, size=SIZE, precision="int8", layer="conv4_block6_out", method="layercam", cache=cache)
    assert other(photographs()[0]).heatmaps.max() > 0


AGAIN = """
import sys
from pathlib import Path
from streamcam import Cache, GradCAM, load_model
from streamcam.photographs import photographs, views
explain = GradCAM(load_model("resnet50", weights="none"), size=96, precision="int8", cache=Cache(Path(sys.argv[1])))
explain(photographs()[0], targets=["top1", "top2"])
print(explain.precision, sorted({"nncf", "tensorflow", "keras"} & set(sys.modules)))
"""


def test_the_next_start_needs_neither_nncf_nor_tensorflow(cache):
    GradCAM(load_model(**ROBUST), size=SIZE, precision="int8", cache=cache)(photographs()[0])
    command = [sys.executable, "-c", AGAIN, str(cache.folder)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "int8 []\n"


def test_auto_refuses_what_changes_explanations_and_says_by_how_much(tmp_path, caplog):
    caplog.set_level(logging.INFO, "streamcam")
    explain = GradCAM(load_model(), size=SIZE, cache=Cache(tmp_path))
    explain(photographs()[0])
    assert explain.precision != "int8"
    assert "int8 is not taken" in caplog.text
    with pytest.warns(UserWarning, match="does not keep the explanations of efficientnet-lite0 .*correlate"):
        GradCAM(load_model(), size=SIZE, precision="int8", cache=Cache(tmp_path))(photographs()[0])


def test_pictures_of_ones_own_are_calibrated_on_too(tmp_path, monkeypatch):
    from streamcam.backends.openvino import quantise

    seen = []
    original = quantise.quantised
    monkeypatch.setattr(
        quantise, "quantised", lambda *a, **k: seen.append(a[2]) or original(*a, **k)
    )  # the real one still runs
    own = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    import cv2

    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), own)
    explain = GradCAM(load_model(), size=SIZE, precision="int8", calibrate=str(tmp_path), cache=False)
    with pytest.warns(UserWarning, match="does not keep"):
        explain(photographs()[0])
    assert len(seen[0]) == len(views(SIZE, SIZE)) + 3


def test_nothing_reports_over_the_network(cache):
    GradCAM(load_model(**ROBUST), size=SIZE, precision="int8", cache=cache)(photographs()[0])
    assert sys.modules.get("openvino_telemetry") is None
