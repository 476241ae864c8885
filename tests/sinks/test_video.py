"""Videos that were written, decoded again by another library than the one that wrote them."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from makers import clips

from streamcam import Encoding, Frame, VideoInfo, VideoSink, VideoSource
from streamcam.errors import SinkError


def atoms(path):
    """The names of an MP4's outermost parts."""
    data, at, names = path.read_bytes(), 0, []
    while at < len(data):
        names.append(data[at + 4 : at + 8].decode())
        at += int.from_bytes(data[at : at + 4])
    return names


def test_h264_that_plays_everywhere(sample, tmp_path):
    target = clips.copied(sample, tmp_path / "out.mp4")
    from streamcam.system.ffmpeg import av

    with av.open(str(target)) as container:
        video = container.streams.video[0]
        assert (video.codec_context.name, video.codec_context.format.name) == ("h264", "yuv420p")
        assert video.codec_context.profile in ("High", "Main", "Constrained Baseline")
        assert (video.width, video.height, video.frames) == (640, 360, 180)
    assert sorted(set(atoms(target)) - {"free"}) == ["ftyp", "mdat", "moov"]  # an ordinary MP4, not a fragmented one


def test_times_count_size_and_pictures_are_the_sources(sample, tmp_path):
    target = clips.copied(sample, tmp_path / "out.mp4")
    original, written = clips.read_by_opencv(sample), clips.read_by_opencv(target)
    assert len(written) == len(original) == 180
    np.testing.assert_allclose([t for t, _ in written], [t for t, _ in original], atol=1e-9)
    assert clips.decoded(target)[0][0] == 0
    for (_, a), (_, b) in zip(original[::20], written[::20], strict=True):
        assert a.shape == b.shape
        assert cv2.PSNR(a, b) > 36


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_variable_frame_rate_is_kept(tmp_path, name):
    ticks = np.cumsum([0, 33, 33, 100, 17, 50, 400, 33, 33]).tolist()
    source = clips.write_clip(tmp_path / "in.mp4", ticks, time_base=Fraction(1, 1000))
    written = clips.read_by_opencv(clips.copied(source, tmp_path / name))
    np.testing.assert_allclose([t for t, _ in written], np.array(ticks) / 1000, atol=1e-6)


@pytest.mark.parametrize("rate", [Fraction(30000, 1001), Fraction(24000, 1001), Fraction(25), Fraction(60)])
def test_the_frame_rate_is_kept_exactly(tmp_path, rate):
    source = clips.write_clip(tmp_path / "in.mp4", 60, rate=rate, time_base=1 / rate / 100)
    target = clips.copied(source, tmp_path / "out.mp4")
    assert VideoSource(target).info.frame_rate == rate
    assert VideoSource(target).info.duration == pytest.approx(float(60 / rate), abs=1e-3)


@pytest.mark.parametrize("missing", [{1, 2}, {1, 2, 3, 4, 22}, {20, 21, 22}])
def test_pictures_missing_near_the_ends_do_not_cost_the_last_one(tmp_path, missing):
    # Texture that moves along: encoded with frames that are decoded before those they are shown after.
    noise = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 255, (48, 136, 3), np.uint8), (0, 0), 3)
    texture = cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX)
    kept = [i for i in range(24) if i not in missing]

    with VideoSink(tmp_path / "out.mp4", VideoInfo(64, 48, Fraction(25))) as sink:
        for i in kept:
            sink.write(Frame(np.ascontiguousarray(texture[:, 3 * i : 3 * i + 64]), i, i / 25), None)

    assert [time for time, _ in clips.decoded(tmp_path / "out.mp4")] == pytest.approx([i / 25 for i in kept], abs=1e-3)


def test_pixels_that_are_not_square_stay_so(tmp_path):
    from streamcam.system.ffmpeg import av

    info = VideoInfo(64, 48, Fraction(30), pixel_aspect=Fraction(64, 45))
    with VideoSink(tmp_path / "a.mp4", info) as sink:
        sink.write(clips.frames(1)[0], clips.explanation())
    assert VideoSource(tmp_path / "a.mp4").info.pixel_aspect == Fraction(64, 45)
    copied = clips.copied(tmp_path / "a.mp4", tmp_path / "b.mp4")
    with av.open(str(copied)) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(64, 45)


@pytest.mark.parametrize(("width", "height"), [(63, 47), (64, 47), (63, 48), (1, 1), (2, 2)])
def test_odd_sizes_are_widened_by_one_pixel(tmp_path, width, height):
    with VideoSink(tmp_path / "out.mp4", VideoInfo(width, height, Fraction(30)), encoding=Encoding(crf=5)) as sink:
        for frame in clips.frames(5, width, height):
            sink.write(frame, clips.explanation(width, height))
    written = clips.read_by_opencv(sink.output.path)
    assert len(written) == 5
    image = written[2][1]
    assert image.shape == (height + height % 2, width + width % 2, 3)
    if width > 8:
        np.testing.assert_allclose(image[:height, :width][40, 40], clips.picture(2)[40, 40], atol=8)
        np.testing.assert_allclose(image[40, -1].astype(int), image[40, -2], atol=8)


@pytest.mark.parametrize("tagged", [True, False])
def test_colours_survive(tmp_path, tagged):
    image = np.zeros((48, 64, 3), np.uint8)
    image[:, :32], image[:, 32:] = (30, 60, 200), (40, 200, 90)
    info = VideoInfo(64, 48, Fraction(30), colour_tagged=tagged)
    with VideoSink(tmp_path / "out.mp4", info, encoding=Encoding(crf=1)) as sink:
        sink.write(Frame(image, 0, 0.0), clips.explanation())
    [(_, written)] = clips.read_by_opencv(sink.output.path)
    np.testing.assert_allclose(written[24, [10, 50]], image[24, [10, 50]], atol=4)


@pytest.mark.parametrize(("codec", "name", "ending"), [("hevc", "hevc", "mp4"), ("vp9", "vp9", "webm")])
def test_other_codecs(tmp_path, codec, name, ending):
    from streamcam.system.ffmpeg import av

    with VideoSink(tmp_path / f"out.{ending}", VideoInfo(64, 48, Fraction(30)), encoding=Encoding(codec)) as sink:
        for frame in clips.frames(5):
            sink.write(frame, clips.explanation())
    with av.open(str(sink.output.path)) as container:
        assert container.streams.video[0].codec_context.name == name
    assert len(clips.read_by_opencv(sink.output.path)) == 5


def test_crf_and_preset_reach_the_encoder(sample, tmp_path):
    sizes = {
        crf: clips.copied(sample, tmp_path / f"{crf}.mp4", encoding=Encoding(crf=crf)).stat().st_size
        for crf in (18, 35)
    }
    assert sizes[35] < sizes[18] / 2
    slow = clips.copied(sample, tmp_path / "slow.mp4", encoding=Encoding(crf=18, preset="ultrafast"))
    assert slow.stat().st_size > sizes[18]


@pytest.mark.parametrize(("name", "encoding"), [("a.mp4", Encoding("nonsense")), ("a.mp4", Encoding("prores")), ("a.mp4", Encoding(preset="warp")), ("a.xyz", Encoding()), ("a", Encoding())])  # fmt: skip
def test_impossible_encodings_are_named_and_leave_nothing(tmp_path, name, encoding):
    with (
        pytest.raises(SinkError) as caught,
        VideoSink(tmp_path / name, VideoInfo(64, 48, Fraction(30)), encoding=encoding) as sink,
    ):
        sink.write(clips.frames(1)[0], clips.explanation())
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


CLOUDS = """
import sys
from fractions import Fraction
import cv2, numpy as np
from streamcam import Frame, VideoInfo, VideoSink
from makers import clips
rng = np.random.default_rng(1)
with VideoSink(sys.argv[1], VideoInfo(160, 120, Fraction(25))) as sink:
    for index in range(30):
        clouds = cv2.resize(rng.integers(0, 255, (12, 16, 3), np.uint8), (160, 120))
        grain = rng.integers(0, 9, clouds.shape, np.uint8)
        sink.write(Frame(cv2.add(clouds, grain), index, index / 25), clips.explanation())
"""


def test_the_same_frames_give_the_same_bytes_whatever_was_in_memory_before(tmp_path):
    written = set()
    for garbage in (1, 85, 170, 255):
        out = tmp_path / f"{garbage}.mp4"
        fill = {"MALLOC_PERTURB_": str(garbage)}  # glibc fills with it what it hands out
        subprocess.run(
            [sys.executable, "-c", CLOUDS, str(out)], check=True, env=os.environ | fill, cwd=Path(__file__).parents[1]
        )
        written.add(out.read_bytes())
    assert len(written) == 1
