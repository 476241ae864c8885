"""A file in real time: pictures that are held for long, its end, and what cannot be read."""

from __future__ import annotations

import shutil
import subprocess
import time
from fractions import Fraction
from itertools import islice

import pytest
from makers import clips
from makers.addresses import serving
from makers.cameras import fresh
from makers.needs import need

from streamcam.errors import SourceError
from streamcam.settings import CaptureSettings
from streamcam.sources.live.live import LiveSource

BASE = Fraction(1, 1000)
IMPATIENT = CaptureSettings(stall_timeout=0.8, give_up_after=1.0)


def played(source, most=500):
    """All new pictures of a source that ends, and the seconds that it took."""
    began = time.perf_counter()
    frames = list(islice(source, most))
    assert source.state.phase == "ended", source.state
    return [frame for frame in frames if frame.fresh], time.perf_counter() - began


def test_a_picture_that_is_held_is_no_stall(tmp_path):
    clip = clips.write_clip(tmp_path / "held.mp4", [0, 40, 80, 3080, 3120, 5620], time_base=BASE, rate=25)
    with LiveSource(clip, IMPATIENT) as source:
        frames, took = played(source)
        assert (source.counts.stalls, source.counts.reconnects) == (0, 0)
    times = [frame.time - frames[0].time for frame in frames]
    assert len(times) == 6
    for at, due in zip(times, (0, 0.04, 0.08, 3.08, 3.12, 5.62), strict=True):
        assert due - 0.2 < at < due + 3  # never early; the machine may be slow
    assert took >= 5.62


def test_the_last_picture_is_held_for_its_time(tmp_path):
    need(shutil.which("ffmpeg"), "ffmpeg writes how long the last picture lasts")
    clips.write_clip(tmp_path / "short.mp4", 3, rate=25, codec="mpeg4")
    command = ["ffmpeg", "-v", "error", "-i", tmp_path / "short.mp4", "-c", "copy"]
    subprocess.run(
        [*command, "-bsf:v", "setts=duration=if(eq(N\\,2)\\,2/TB\\,DURATION)", tmp_path / "held.mp4"], check=True
    )
    assert clips.length_of(tmp_path / "held.mp4")[0] > 1.9
    with LiveSource(tmp_path / "held.mp4", IMPATIENT) as source:
        frames, took = played(source)
    assert len(frames) == 3
    assert took >= 1.9


def test_the_same_over_the_network(tmp_path):
    clip = clips.write_clip(
        tmp_path / "held.mp4", [0, 40, 80, 2580, 2620], time_base=BASE, rate=25, options={"movflags": "faststart"}
    )
    data = clip.read_bytes()
    with serving(lambda _: (200, {"Content-Type": "video/mp4"}, data)) as address:
        settings = CaptureSettings(stall_timeout=0.8, give_up_after=20)
        with LiveSource(f"{address.url}/held.mp4", settings) as source:
            frames = fresh(source, 5)
            assert source.counts.stalls == 0
    assert len(frames) == 5
    assert frames[4].time - frames[2].time > 2.2


@pytest.mark.parametrize(
    ("content", "says"),
    [(bytes(range(256)) * 100, "not a video"), (b"<html><body>no film</body></html>" * 50, "not a video")],
)
def test_a_file_that_is_no_video_ends_with_its_reason(tmp_path, content, says):
    path = tmp_path / "junk.mp4"
    path.write_bytes(content)
    with LiveSource(path) as source, pytest.raises(SourceError, match=says) as error:
        list(islice(source, 500))
    assert str(error.value).count(str(path)) == 1
    assert source.state.phase == "ended"
    assert says in source.state.reason


def test_a_file_that_breaks_off_ends_there_and_what_is_missing_is_counted(tmp_path):
    whole = clips.write_clip(tmp_path / "whole.mp4", 60, options={"movflags": "faststart"}, noise=True)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with LiveSource(broken) as source:
        frames, took = played(source)
    assert 10 <= len(frames) < 60
    assert source.counts.damaged >= 20
    assert took < 60  # the promised rest is not waited for
