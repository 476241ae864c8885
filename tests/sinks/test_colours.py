"""Colours in 4:2:0: the mean of each four pixels, whatever the pattern."""

from __future__ import annotations

import time
from fractions import Fraction

import cv2
import numpy as np
import pytest
from makers import clips

from streamcam import Encoding, Frame, VideoInfo, VideoSink
from streamcam.sinks.colours import to_yuv420, widened

HEIGHT, WIDTH = 96, 128
ROWS, COLUMNS = np.mgrid[:HEIGHT, :WIDTH]
RED, GREEN, BLUE, BLACK, WHITE, GOLD = (0, 0, 255), (0, 255, 0), (255, 0, 0), (0, 0, 0), (255,) * 3, (30, 180, 250)


def pattern(one, other, where):
    return np.where(where[..., None], np.array(one, np.uint8), np.array(other, np.uint8))


PATTERNS = {
    "dots of red": pattern(RED, BLACK, (ROWS + COLUMNS) % 2 == 0),
    "dots of blue and white": pattern(BLUE, WHITE, (ROWS + COLUMNS) % 2 == 0),
    "stripes of red and blue": pattern(RED, BLUE, COLUMNS % 2 == 0),
    "lines of red and green": pattern(RED, GREEN, ROWS % 2 == 0),
    "one dot in four": pattern(GOLD, BLACK, (ROWS % 2 + COLUMNS % 2) == 2),
    "one dot in sixteen": pattern(GREEN, BLUE, (ROWS % 4 + COLUMNS % 4) == 0),
    "noise": np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8),
}


def dithered(image):
    """Eight colours, error diffused: each of B, G and R is on or off."""
    error = image.astype(float)
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            old = error[row, column].copy()
            error[row, column] = np.where(old < 128, 0, 255)
            rest = old - error[row, column]
            for down, right, share in ((0, 1, 7), (1, -1, 3), (1, 0, 5), (1, 1, 1)):
                if row + down < image.shape[0] and 0 <= column + right < image.shape[1]:
                    error[row + down, column + right] += rest * share / 16
    return error.astype(np.uint8)


def shift_of(image, tmp_path, **how):
    """By how many levels the mean colour changes on the way through a video."""
    info = VideoInfo(image.shape[1], image.shape[0], Fraction(30))
    with VideoSink(tmp_path / "a.mp4", info, **how) as sink:
        for index in range(3):
            sink.write(Frame(image, index, index / 30), None)
    written = clips.decoded(sink.output.path)[1][1]
    return np.abs(written.mean((0, 1)) - image.mean((0, 1))).max()


@pytest.mark.parametrize("name", PATTERNS)
def test_fine_patterns_keep_their_mean_colour(tmp_path, name):
    assert shift_of(PATTERNS[name], tmp_path) < 3


def test_a_dithered_photograph_keeps_its_mean_colour(tmp_path, coffee):
    image = dithered(cv2.resize(coffee, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA))
    assert shift_of(image, tmp_path) < 3


@pytest.mark.parametrize("codec", ["vp9", "av1"])
def test_whatever_the_codec(tmp_path, codec):
    assert shift_of(PATTERNS["dots of red"], tmp_path, encoding=Encoding(codec)) < 3


def test_the_colour_of_four_pixels_is_their_mean(cat):
    image = np.ascontiguousarray(cat[:240, :320])
    planes = to_yuv420(image)
    mean = image.astype(float).reshape(120, 2, 160, 2, 3).mean((1, 3))
    blue = 128 + mean @ [112.0, -74.203, -37.797] / 255
    red = 128 + mean @ [-18.214, -93.786, 112.0] / 255
    assert np.abs(planes[240:300].reshape(120, 160) - blue).max() < 1.1
    assert np.abs(planes[300:].reshape(120, 160) - red).max() < 1.1


def test_brightness_is_opencvs_where_nothing_needs_more(cat):
    image = np.ascontiguousarray(cat[:240, :320])
    np.testing.assert_array_equal(to_yuv420(image)[:240], cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420)[:240])
    edge = np.zeros((240, 320, 3), np.uint8)
    edge[:, 161:] = RED  # through the middle of two pixels
    np.testing.assert_array_equal(to_yuv420(edge)[:240], cv2.cvtColor(edge, cv2.COLOR_BGR2YUV_I420)[:240])


@pytest.mark.parametrize(("width", "height"), [(2, 2), (4, 2), (2, 10), (6, 14)])
def test_the_smallest_pictures(width, height):
    image = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    assert to_yuv420(image).shape == (height * 3 // 2, width)


def test_widened_repeats_the_edge():
    image = clips.picture(1, 5, 3)
    wide = widened(image, 4, 6)
    assert wide.shape == (4, 6, 3)
    np.testing.assert_array_equal(wide[-1, :5], image[-1])
    assert widened(wide, 4, 6) is wide


def test_it_costs_little_beside_the_encoder(cat):
    photo = cv2.resize(cat, (1280, 720))

    def fastest(convert):
        times = []
        for _ in range(15):
            began = time.perf_counter()
            convert(photo)
            times.append(time.perf_counter() - began)
        return min(times)

    plain = fastest(lambda image: cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420))
    assert fastest(to_yuv420) < plain + 0.004  # x264 takes 10 ms and more
