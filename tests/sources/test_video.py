"""Video files: frames upright, at the right time, and what is lost of a damaged file."""

from __future__ import annotations

import os
import struct
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from makers import clips
from makers.kinds import Kind, drop_chunks, make, scene

from streamcam import VideoSource
from streamcam.errors import SourceError
from streamcam.system.ffmpeg import av, open_container


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_variable_frame_rate_is_kept(tmp_path, name):
    ticks = np.cumsum([0, 33, 33, 100, 17, 50, 400, 33, 33]).tolist()
    _, frames = clips.read(clips.write_clip(tmp_path / name, ticks, time_base=Fraction(1, 1000)))
    np.testing.assert_allclose([frame.time for frame in frames], np.array(ticks) / 1000, atol=1e-4)


def test_a_picture_that_starts_after_the_sound_keeps_its_distance(tmp_path):
    path = clips.write_clip(
        tmp_path / "late.mkv", [500, 533, 567], time_base=Fraction(1, 1000), audio="aac", audio_seconds=1
    )
    _, frames = clips.read(path)
    expected = [time for time, _ in clips.decoded(path)]
    np.testing.assert_allclose([frame.time for frame in frames], expected, atol=1e-6)
    assert expected[0] > 0.4


def test_frames_are_turned_upright(tmp_path):
    path = clips.write_clip(tmp_path / "a.mp4", 3)
    data = path.read_bytes()
    straight = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    quarter_turn = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 48 << 16, 0, 1 << 30)
    header = data.index(b"tkhd")
    at = data.index(straight, header)
    path.write_bytes(data[:at] + quarter_turn + data[at + 36 :])
    source, frames = clips.read(path)
    assert (source.info.width, source.info.height) == (48, 64)
    assert frames[0].image.shape == (64, 48, 3)
    expected = np.rot90(clips.picture(0), -1)  # clockwise
    assert np.abs(frames[0].image.astype(int) - expected).mean() < 6


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_a_file_without_permission_is_named():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        path = clips.write_clip(Path(folder) / "a.mp4", 3)
        path.chmod(0)
        user = os.geteuid()
        if user == 0:  # root may read everything, so be somebody else for a moment
            os.seteuid(65534)
        try:
            with pytest.raises(SourceError, match="Permission denied"):
                VideoSource(path)
        finally:
            os.seteuid(user)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(SourceError, match="pipe"):
        VideoSource(tmp_path / "pipe.mp4")


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_a_file_that_breaks_off_gives_what_it_has_and_reports_the_loss(tmp_path, name):
    options = {"movflags": "faststart"} if name.endswith("mp4") else {}
    path = clips.write_clip(tmp_path / name, 300, size=(160, 120), audio="aac", options=options)
    assert clips.read(path)[0].lost == 0
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    source, frames = clips.read(path)
    assert 100 < len(frames) < 250
    if name == "a.ts":  # a transport stream promises nothing: it ends where it ends
        assert source.lost == 0
    else:
        assert source.lost == pytest.approx(300 - len(frames), abs=2)


def test_damage_in_the_middle_is_reported(tmp_path):
    path = clips.write_clip(tmp_path / "a.mp4", 200, size=(160, 120), noise=True, options={"movflags": "faststart"})
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) * 6 // 10] = bytes(len(data) * 6 // 10 - len(data) // 2)
    path.write_bytes(data)
    source, frames = clips.read(path)
    assert 150 < len(frames) < 200  # what lies behind the damage is read too
    assert source.lost == 200 - len(frames)
    assert frames[-1].time == pytest.approx(199 / 30)


def test_sound_that_runs_on_is_no_loss(tmp_path):
    for name in ("a.mp4", "a.mkv"):
        source, _ = clips.read(clips.write_clip(tmp_path / name, 30, audio="aac", audio_seconds=6))
        assert source.lost == 0


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("codec", ["mjpeg", "mpeg4"])
@pytest.mark.parametrize("dropped", [{5}, {7, 8, 9, 30}, {38, 39}, set(range(3, 37))])
def test_dropped_frames_of_an_avi_are_no_damage(dropped, codec, index, tmp_path):
    """The picture before stands: the frames that there are have their own times, and nothing is lost."""
    kind = Kind("avi", codec, "yuvj420p" if codec == "mjpeg" else "yuv420p", options={"g": "1"})
    path = drop_chunks(make(tmp_path / "a.avi", kind, 40), dropped, index=index)
    source, frames = clips.read(path)
    kept = [number for number in range(40) if number not in dropped]
    assert [frame.time for frame in frames] == pytest.approx([number / 25 for number in kept])
    for frame, number in zip(frames, kept, strict=True):
        assert np.abs(frame.image.astype(float) - scene(number)).mean() < 10
    if index:
        assert source.info.frame_count == len(kept)
    if index or max(kept) == 39:  # without an index, nobody knows whether what is missing at the end was dropped
        assert source.lost == 0


def test_an_avi_that_breaks_off_has_lost_the_rest(tmp_path):
    for dropped in (set(), {3, 4}):
        path = make(tmp_path / "a.avi", Kind("avi", "mjpeg", "yuvj420p"), 50)
        path = drop_chunks(path, dropped) if dropped else path
        data = path.read_bytes()
        path.write_bytes(data[: len(data) * 6 // 10])
        source, frames = clips.read(path)
        assert 20 < len(frames) < 40
        assert source.lost == pytest.approx(50 - len(dropped) - len(frames), abs=2)


def test_what_is_transparent_is_seen_over_a_plain_background(tmp_path):
    """Red, hidden where alpha is 0, half seen where it is 128."""
    path = tmp_path / "a.mov"
    image = np.zeros((48, 64, 4), np.uint8)
    image[..., 2], image[:, 16:, 3], image[:, 32:, 3] = 200, 128, 255
    with open_container(path, "w") as container:
        stream = container.add_stream("qtrle", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "argb"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgra")))
        container.mux(stream.encode(None))
    _, frames = clips.read(path)
    for x, colour in ((8, (255, 255, 255)), (24, (127, 127, 227)), (40, (0, 0, 200))):
        np.testing.assert_allclose(frames[1].image[24, x], colour, atol=1)


def test_pixels_that_are_not_square_are_turned_with_the_picture(tmp_path):
    for turned, aspect in (
        (None, Fraction(16, 11)),
        ((0, 1, -1, 0), Fraction(11, 16)),
        ((-1, 0, 0, -1), Fraction(16, 11)),
    ):
        path = make(
            tmp_path / "a.mp4", Kind("mp4", turned=turned, options={"x264-params": "sar=16/11:log-level=none"}), 3
        )
        assert VideoSource(path).info.pixel_aspect == aspect
