"""What a file holds, whatever it is called."""

from __future__ import annotations

import os

import numpy as np
import pytest
from makers import clips
from makers.pictures import animated, encoded, moving, scene, wrote

from streamcam.sources.content import kind_of

STILL = [frame[..., :3] for frame in moving(1)]
MOVING = [frame[..., :3] for frame in moving(3)]


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF"])
def test_one_frame_is_an_image_and_several_are_an_animation(kind, tmp_path):
    assert kind_of(wrote(tmp_path / "a.mp4", animated(STILL, kind, 100))) == "image"
    assert kind_of(wrote(tmp_path / "b.jpg", animated(MOVING, kind, 100))) == "animation"


def test_a_picture_that_is_only_shown_where_nothing_moves_does_not_count(tmp_path):
    data = animated(MOVING[:2], "PNG", 100, default_image=True)
    assert kind_of(wrote(tmp_path / "a.png", data)) == "image"


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "BMP", "PPM", "JPEG2000"])
def test_formats_without_animation_are_images(kind, tmp_path):
    assert kind_of(wrote(tmp_path / "a.mp4", encoded(scene(), kind))) == "image"


def test_all_else_is_a_video(tmp_path):
    path = clips.write_clip(tmp_path / "a.mp4", 3)
    assert kind_of(path.rename(tmp_path / "a.png")) == "video"
    assert kind_of(wrote(tmp_path / "b.png", b"no picture at all")) == "video"
    assert kind_of(wrote(tmp_path / "stream.mjpeg", encoded(scene(), "JPEG") * 3)) == "video"


def test_where_there_is_nothing_to_read_the_name_decides(tmp_path):
    assert kind_of(tmp_path / "missing.webp") == "image"
    assert kind_of(tmp_path / "missing.mkv") == "video"
    assert kind_of(wrote(tmp_path / "empty.JPG", b"")) == "image"
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
        assert kind_of(tmp_path / "pipe.png") == "image"


def test_no_random_bytes_take_it_down(tmp_path):
    rng = np.random.default_rng(0)
    heads = [encoded(scene(), kind)[:40] for kind in ("GIF", "PNG", "WEBP", "AVIF", "JPEG")]
    for number in range(40):
        assert kind_of(wrote(tmp_path / "a", heads[number % 5] + rng.bytes(200))) in ("image", "animation", "video")
