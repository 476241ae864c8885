"""What a video file's headers say: rates, counts, sound."""

from __future__ import annotations

from fractions import Fraction

import pytest
from makers import clips

from streamcam import VideoSource


@pytest.mark.parametrize(
    ("name", "rate"),
    [("a.mp4", Fraction(30000, 1001)), ("a.mkv", Fraction(30000, 1001)), ("a.mp4", Fraction(24000, 1001)), ("a.mkv", Fraction(24000, 1001)),
     ("a.mp4", Fraction(25)), ("a.mov", Fraction(60000, 1001)), ("a.avi", Fraction(15)), ("a.mp4", Fraction(25, 2))],
)  # fmt: skip
def test_the_frame_rate_is_exact(tmp_path, name, rate):
    base = Fraction(1, 1000) if name.endswith("mkv") else 1 / rate if name.endswith("avi") else Fraction(1, 30_000 * 24)
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    source, frames = clips.read(clips.write_clip(tmp_path / name, 40, rate=rate, time_base=base, codec=codec))
    assert source.info.frame_rate == rate
    assert len(frames) == 40
    assert frames[-1].time == pytest.approx(float(39 / rate), abs=1e-3)


def test_unknown_frame_count(tmp_path):
    source, frames = clips.read(clips.write_clip(tmp_path / "a.mkv", 12))
    assert source.info.frame_count is None
    assert len(frames) == 12


def test_facts_of_a_clip_with_sound(tmp_path):
    info = VideoSource(clips.write_clip(tmp_path / "a.mp4", 30, audio="aac")).info
    assert (info.width, info.height, info.frame_count, info.live) == (64, 48, 30, False)
    assert info.duration == pytest.approx(1.0)
    assert info.has_audio
    assert info.time_base == Fraction(1, 15_360)
    assert not VideoSource(clips.write_clip(tmp_path / "b.mp4", 3)).info.has_audio
