"""Heat on pictures, against the formulas in plain floating point."""

from __future__ import annotations

import numpy as np
import pytest

from streamcam.drawing.colours import blend, colormap_names, colour_table, upsample
from streamcam.errors import OptionError


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
