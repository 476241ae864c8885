"""Animated pictures, as the videos that they are."""

from __future__ import annotations

import itertools
import struct
import zlib

import cv2
import numpy as np
import pytest
from makers import clips
from makers.pictures import ORIENTATION, UPRIGHT, animated, bgr, moving, over_white, wrote
from PIL import Image

from streamcam import AnimationSource, VideoSink, open_source
from streamcam.errors import SourceError
from streamcam.sources.timeline import timeline

DURATIONS = [100, 50, 300, 20, 700]
LOSSLESS = {"WEBP": {"lossless": True}, "AVIF": {"quality": 100, "subsampling": "4:4:4"}}
KINDS = ["GIF", "WEBP", "PNG", "AVIF"]


def by_opencv(data):
    """Milliseconds, and BGR over white, of every frame, by OpenCV's own decoders."""
    done, animation = cv2.imdecodeanimation(np.frombuffer(data, np.uint8))
    assert done
    rgba = [frame[..., [2, 1, 0, 3]] if frame.shape[2] == 4 else bgr(frame) for frame in animation.frames]
    return list(animation.durations), [bgr(over_white(frame) if frame.shape[2] == 4 else frame) for frame in rgba]


def read(data, path):
    with open_source(wrote(path, data)) as source:
        assert isinstance(source, AnimationSource)
        return source, list(source)


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_is_there_as_it_is_seen_and_for_as_long(kind, alpha, tmp_path):
    pictures = moving(5, alpha=alpha)
    options = {"GIF": {"disposal": 2, "loop": 3}, "PNG": {"loop": 3}}.get(kind) or LOSSLESS[kind]
    data = animated(pictures, kind, DURATIONS, **options)
    source, frames = read(data, tmp_path / "a.jpg")
    assert [frame.index for frame in frames] == list(range(5))
    assert [frame.duration for frame in frames] == pytest.approx([ms / 1000 for ms in DURATIONS], abs=0.001)
    starts = [sum(DURATIONS[:index]) / 1000 for index in range(5)]
    assert [frame.time for frame in frames] == pytest.approx(starts, abs=0.001)
    assert source.info.duration == pytest.approx(sum(DURATIONS) / 1000, abs=0.002)
    assert (source.info.frame_count, source.lost) == (5, 0)
    assert float(source.info.frame_rate) == pytest.approx(5 / 1.17, rel=0.01)
    for frame, picture, other in zip(frames, pictures, by_opencv(data)[1], strict=True):
        assert np.abs(frame.image.astype(int) - bgr(over_white(picture))).max() <= 3
        assert np.abs(frame.image.astype(int) - other).max() <= 3


@pytest.mark.parametrize("blend", [0, 1])
@pytest.mark.parametrize("disposal", [0, 1, 2])
@pytest.mark.parametrize("alpha", [False, True])
def test_an_apng_is_composed_by_its_specification(alpha, disposal, blend, tmp_path):
    data = animated(moving(6, alpha=alpha), "PNG", 40, disposal=disposal, blend=blend)
    for frame, other in zip(read(data, tmp_path / "a.png")[1], by_opencv(data)[1], strict=True):
        np.testing.assert_array_equal(frame.image, other)


@pytest.mark.parametrize("disposal", [0, 1, 2, 3])
def test_a_gif_is_composed_by_its_specification(disposal, tmp_path):
    data = animated(moving(6, alpha=True), "GIF", 40, disposal=disposal)
    for frame, other in zip(read(data, tmp_path / "a.gif")[1], by_opencv(data)[1], strict=True):
        np.testing.assert_array_equal(frame.image, other)


@pytest.mark.parametrize(("kind", "shortest"), [("GIF", 20), ("PNG", 11), ("WEBP", 11)])
def test_frames_without_a_duration_are_shown_as_browsers_show_them(kind, shortest, tmp_path):
    frames = read(animated(moving(3), kind, [0, 10, shortest]), tmp_path / "a")[1]
    assert [frame.duration for frame in frames] == pytest.approx([0.1, 0.1, shortest / 1000])
    assert all(a.time < b.time for a, b in itertools.pairwise(frames))


def test_a_picture_that_is_only_shown_where_nothing_moves_is_no_frame(tmp_path):
    data = animated(moving(4), "PNG", 50, default_image=True)
    source, frames = read(data, tmp_path / "a.png")
    assert (len(frames), source.lost) == (3, 0)
    np.testing.assert_array_equal(frames[0].image, bgr(moving(4)[1][..., :3]))


def test_a_rate_that_is_no_whole_number_of_milliseconds_is_exact(tmp_path):
    """30000/1001 frames a second, as recorders of APNG write it."""
    data = bytearray(animated(moving(4), "PNG", 50))
    at = -1
    while (at := data.find(b"fcTL", at + 1)) > 0:
        data[at + 24 : at + 28] = struct.pack(">HH", 1001, 30000)
        data[at + 30 : at + 34] = struct.pack(">I", zlib.crc32(data[at : at + 30]))
    source, frames = read(bytes(data), tmp_path / "a.png")
    assert source.info.frame_rate.as_integer_ratio() == (30000, 1001)
    assert frames[3].time == pytest.approx(3 * 1001 / 30000)


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
@pytest.mark.parametrize("orientation", [2, 6, 8])
def test_orientation_counts_for_all_frames(kind, orientation, tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = animated(moving(3), kind, 100, exif=exif.tobytes(), **LOSSLESS.get(kind, {}))
    source, frames = read(data, tmp_path / "a")
    for frame, picture in zip(frames, moving(3), strict=True):
        expected = bgr(UPRIGHT[orientation](picture[..., :3]))
        assert frame.image.shape == expected.shape == (source.info.height, source.info.width, 3)
        assert np.abs(frame.image.astype(int) - expected).max() <= 3


@pytest.mark.parametrize("kind", ["GIF", "PNG"])
def test_what_a_cut_takes_away_is_counted(kind, tmp_path, capfd):
    data = animated(moving(10, width=120), kind, 40)
    source, frames = read(data[: int(len(data) * 0.55)], tmp_path / "a")
    assert 2 <= len(frames) < 10
    assert source.lost >= 1
    if kind == "PNG":  # it says how many there are
        assert len(frames) + source.lost == 10
    for frame, picture in zip(frames, moving(10, width=120), strict=False):
        np.testing.assert_array_equal(frame.image, bgr(picture[..., :3]))
    assert capfd.readouterr() == ("", "")


def test_wherever_a_gif_is_cut_the_frames_before_are_read_and_the_loss_is_counted(tmp_path):
    data = animated(moving(4), "GIF", 40)
    last = data.rfind(b"!\xf9\x04")  # where the last frame begins
    for cut in range(last + 1, len(data) - 1):
        source, frames = read(data[:cut], tmp_path / "a")
        assert (len(frames), source.lost) == (3, 1)


def outcome(path):
    """The frames of a file and how many are lost, or the one line that says why there are none."""
    try:
        with open_source(path) as source:
            return list(source), source.lost
    except SourceError as error:
        return [], str(error)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.04, 0.3, 0.8])
def test_a_cut_ends_in_frames_with_the_loss_counted_or_in_one_line(kind, share, tmp_path, capfd):
    data = animated(moving(10, width=120), kind, 40)
    frames, lost = outcome(wrote(tmp_path / "of mine", data[: int(len(data) * share)]))
    assert len(frames) < 10
    assert lost
    if not frames:
        assert "of mine: " in lost
        assert "\n" not in lost
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", KINDS)
def test_no_damage_takes_it_down(kind, tmp_path, capfd):
    data = animated(moving(6), kind, 40)
    for seed in range(25):
        random = np.random.default_rng(seed)
        damaged = bytearray(data)
        for at in random.integers(16, len(data), 6):
            damaged[at] ^= 1 << random.integers(8)
        frames, lost = outcome(wrote(tmp_path / "a", bytes(damaged)))
        assert all(a.time < b.time for a, b in itertools.pairwise(frames))
        assert frames or "\n" not in lost
    assert capfd.readouterr() == ("", "")


def test_headers_alone_tell_the_times(tmp_path):
    for kind in KINDS:
        times = timeline(wrote(tmp_path / kind, animated(moving(5), kind, DURATIONS)), kind)
        assert [round(1000 * duration) for duration in times.durations] == DURATIONS
        assert times.missing == 0
    with pytest.raises(ValueError, match="no frame"):
        timeline(wrote(tmp_path / "b", b"GIF89a" + bytes(7) + b";"), "GIF")


def test_it_can_be_read_again_and_left_early(tmp_path):
    source = AnimationSource(wrote(tmp_path / "a", animated(moving(4), "GIF", 100)))
    assert next(iter(source)).index == 0
    assert [frame.index for frame in source] == [frame.index for frame in source] == [0, 1, 2, 3]


def test_what_is_no_animation_is_refused(tmp_path):
    with pytest.raises(SourceError, match="no animated picture"):
        AnimationSource(clips.write_clip(tmp_path / "a.mp4", 3))


@pytest.mark.parametrize("kind", KINDS)
def test_a_video_of_it_lasts_as_long(kind, tmp_path):
    """The last frame too, which nothing follows."""
    source = open_source(wrote(tmp_path / "a", animated(moving(5), kind, DURATIONS)))
    with source, VideoSink(tmp_path / "out.mp4", source.info) as sink:
        for frame in source:
            sink.write(frame, clips.explanation())
    length, times = clips.length_of(tmp_path / "out.mp4")
    assert length == pytest.approx(1.17, abs=0.002)
    assert times == pytest.approx([0, 0.1, 0.15, 0.45, 0.47], abs=0.002)
