"""Heat on pictures, against the formulas in plain floating point."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from streamcam.drawing.overlay import Overlay, blend, colormap_names, colour_table, tiled, upsample
from streamcam.errors import OptionError
from streamcam.types import Explanation, Region


def random_image(height=90, width=160):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def ramp(height=90, width=160):
    return np.broadcast_to(np.linspace(0, 255, width).astype(np.uint8), (height, width)).copy()


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("mode", ["uniform", "heat", "add"])
def test_blending_follows_its_formula(mode, alpha):
    image, heat = random_image(), ramp()
    before = image.copy()
    blended = blend(image, heat, alpha=alpha, colormap="jet", mode=mode)
    jet = colour_table("jet")[heat][:, :, 0].astype(float)
    frame = image.astype(float)
    weight = alpha * heat[..., None] / 255.0
    expected = {
        "uniform": alpha * jet + (1 - alpha) * frame,
        "heat": weight * jet + (1 - weight) * frame,
        "add": frame + alpha * jet,
    }[mode].clip(0, 255)
    assert blended.dtype == np.uint8
    assert np.abs(blended - expected).max() <= 2  # rounding of the tables
    np.testing.assert_array_equal(image, before)


def test_cold_regions_keep_their_colours_in_heat_mode():
    image = random_image()
    cold = np.zeros(image.shape[:2], np.uint8)
    np.testing.assert_array_equal(blend(image, cold, alpha=1.0, colormap="jet", mode="heat"), image)


def test_colours_are_bgr():
    hot = colour_table("jet")[255, 0]
    assert hot[2] > 100
    assert hot[0] == 0


def test_every_colour_map_of_opencv_by_name():
    assert {"jet", "turbo", "viridis", "inferno", "deepgreen"} <= set(colormap_names())
    for name in colormap_names():
        assert colour_table(name).shape == (256, 1, 3)
    with pytest.raises(OptionError, match="viridis"):
        colour_table("rainbows")


def test_upsampling_keeps_place_and_range():
    heat = np.zeros((7, 12), np.float32)
    heat[2, 9] = 1
    big = upsample(heat, 700, 1200)
    assert big.shape == (700, 1200)
    y, x = np.unravel_index(big.argmax(), big.shape)
    assert 200 <= y < 300
    assert 900 <= x < 1000
    assert big[600, 100] == 0
    assert upsample(np.ones((7, 12), np.float32), 700, 1200).min() == 255
    assert upsample(np.zeros((1, 1), np.float32), 3, 3).max() == 0


def test_only_what_the_model_saw_is_coloured():
    image = random_image(100, 200)
    seen = Region(50, 0, 150, 100)
    probabilities = np.array([1.0], np.float32)
    explanation = Explanation(np.ones((1, 2, 2), np.float32), np.zeros(1, np.int32), probabilities, probabilities, seen)
    drawn = Overlay(("a",), hud=False).draw(image, replace(explanation, heat=np.ones((1, 2, 2), np.float32)))
    np.testing.assert_array_equal(drawn[:, :50], image[:, :50])
    np.testing.assert_array_equal(drawn[:, 150:], image[:, 150:])
    assert (drawn[:, 60:140] != image[:, 60:140]).mean() > 0.5


@pytest.mark.parametrize("option", [{"alpha": 1.5}, {"alpha": -0.1}, {"mode": "x"}, {"colormap": "x"}, {"top_k": -1}])
def test_settings_outside_their_range_are_refused(option):
    with pytest.raises(OptionError):
        Overlay((), **option)


def test_layouts_keep_the_size_of_the_picture():
    left, right = np.full((90, 160, 3), 50, np.uint8), np.full((90, 160, 3), 200, np.uint8)
    both = tiled([left, right])
    assert both.shape == left.shape
    assert (both[45, 40] == 50).all()
    assert (both[45, 120] == 200).all()
    upright = tiled([left.transpose(1, 0, 2).copy(), right.transpose(1, 0, 2).copy()])
    assert (upright[80, 22] == 50).all()
    assert (upright[80, 67] == 200).all()
    assert tiled([left[:89, :159]] * 5).shape == (89, 159, 3)
    four = tiled([left, right, right, left])
    assert (four[20, 20] == 50).all()
    assert (four[20, 140] == 200).all()
    assert (four[70, 140] == 50).all()
