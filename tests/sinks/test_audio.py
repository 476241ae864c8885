"""Sound that is copied: bit for bit, and in step with the picture."""

from __future__ import annotations

from fractions import Fraction

import pytest
from makers import clips

from streamcam.errors import StreamcamWarning


@pytest.mark.parametrize(("source", "audio"), [("in.mp4", "aac"), ("in.mkv", "aac"), ("in.mkv", "libopus"), ("in.mkv", "libmp3lame"), ("in.ts", "aac")])  # fmt: skip
def test_sound_is_copied_bit_for_bit_and_in_sync(tmp_path, source, audio):
    base = Fraction(1, 90_000) if source.endswith("ts") else Fraction(1, 1000)
    path = clips.write_clip(tmp_path / source, 60, time_base=base, audio=audio)
    target = clips.copied(path, tmp_path / "out.mp4")
    original, written = clips.audio_packets(path), clips.audio_packets(target)
    assert len(written) == len(original) > 50
    header = 7 if source.endswith("ts") else 0  # in a transport stream each AAC packet has an ADTS header before it
    assert [data for _, data in written] == [data[header:] for _, data in original]
    picture_lag = clips.decoded(target)[0][0] - clips.decoded(path)[0][0]
    lags = [b - a - picture_lag for (a, _), (b, _) in zip(original, written, strict=True)]
    assert max(map(abs, lags)) < 0.0011  # a tick of Matroska's clock


def test_a_picture_that_starts_after_the_sound_stays_behind_it(tmp_path):
    ticks = list(range(500, 1500, 40))
    path = clips.write_clip(tmp_path / "in.mkv", ticks, time_base=Fraction(1, 1000), audio="aac", audio_seconds=1.5)
    target = clips.copied(path, tmp_path / "out.mp4")

    def distance(p):
        return clips.decoded(p)[0][0] - clips.audio_packets(p)[1][0]

    assert distance(target) == pytest.approx(distance(path), abs=0.0011)
    assert distance(target) > 0.4


def test_joined_recordings_keep_their_sound(tmp_path):
    base = Fraction(1, 90_000)
    parts = [clips.write_clip(tmp_path / f"{i}.ts", 30, time_base=base, audio="aac").read_bytes() for i in range(2)]
    (tmp_path / "joined.ts").write_bytes(b"".join(parts))
    target = clips.copied(tmp_path / "joined.ts", tmp_path / "out.mp4")
    assert len(clips.read_by_opencv(target)) >= 55
    times = [time for time, _ in clips.audio_packets(target)]
    assert len(times) > 80
    assert times == sorted(times)


def test_sound_that_the_container_cannot_hold_is_said(tmp_path):
    path = clips.write_clip(tmp_path / "in.mkv", 30, audio="libopus", time_base=Fraction(1, 1000))
    with pytest.warns(StreamcamWarning, match=r"opus.*\.mkv"):
        target = clips.copied(path, tmp_path / "out.mov")
    assert len(clips.read_by_opencv(target)) == 30
    kept = clips.copied(path, tmp_path / "out.mkv")
    assert [d for _, d in clips.audio_packets(kept)] == [d for _, d in clips.audio_packets(path)]
