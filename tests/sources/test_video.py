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

from streamcam import VideoSource
from streamcam.errors import SourceError


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
