"""Watching a live source from Python: what ``streamcam live`` does, with results as data, and with parts of one's own."""

from __future__ import annotations

import json
import logging
import shutil
import socket
import subprocess
import time
from dataclasses import replace

import pytest
from makers import clips
from makers.needs import need
from makers.sessions import Keep

from streamcam.errors import OptionError, OutputExistsError, SourceError
from streamcam.live.controls import SessionEnd
from streamcam.live.watch import watch
from streamcam.settings import CaptureSettings, Encoding, ExplainSettings, ModelSettings
from streamcam.sources.live.live import LiveSource


class Constant:
    """An explainer that always says the same."""

    labels = clips.LABELS
    in_flight = 1

    def __init__(self):
        self.asked = set()

    def start(self, frame, targets=None):
        self.asked.add(targets)
        height, width = frame.image.shape[:2]
        return lambda: replace(clips.explanation(width, height), index=frame.index, time=frame.time)

    def describe(self):
        return {"model": "constant"}


def test_parts_of_ones_own(camera):
    explain, keep, source = Constant(), Keep(), LiveSource(camera.url)
    result = watch(source, explain=explain, window=False, max_frames=30, sinks=[keep])
    assert result.source == camera.url
    assert result.stats.frames.shown == 30 == sum(frame.fresh for frame, _ in keep.shown)
    assert result.stats.frames.explained >= 1
    assert result.stats.ms["delay"].p50 <= result.stats.ms["delay"].p99
    assert (result.input_size, result.recordings, result.failures, result.interrupted) == (None, (), (), False)
    assert explain.asked == {None}  # its own targets
    assert any(explanation is not None for _, explanation in keep.shown)


def test_a_rate_that_is_not_to_be_exceeded(camera):
    result = watch(camera.url, explain=Constant(), window=False, max_frames=60, target_fps=4)
    assert 1 <= result.stats.frames.explained <= 4 * 1.1 * result.stats.seconds + 1


def test_a_model_by_name_records_and_writes_what_was_counted(camera, tiny_model, tmp_path):
    result = watch(
        camera.url,
        model=ModelSettings(model=str(tiny_model)),
        explain=ExplainSettings(cache=False),
        window=False,
        output=tmp_path / "run.mp4",
        stats=tmp_path / "run.json",
        max_frames=40,
    )
    assert result.recordings == (tmp_path / "run.mp4",)
    assert len(clips.length_of(tmp_path / "run.mp4")[1]) >= 40 - result.lost
    written = json.loads((tmp_path / "run.json").read_text())
    assert written["frames"]["shown"] == result.stats.frames.shown == 40
    assert (written["source"], written["size"]) == (result.source, result.input_size)
    with pytest.raises(OutputExistsError):
        watch(camera.url, explain=Constant(), window=False, output=tmp_path / "run.mp4")


def test_a_recording_that_fails_is_told_from_the_session(camera, tmp_path):
    result = watch(
        camera.url,
        explain=Constant(),
        window=False,
        max_frames=10,
        output=tmp_path / "run.mp4",
        encoding=Encoding("nonsense"),
    )
    assert result.stats.frames.shown == 10
    assert result.recordings == ()
    assert "no such encoder" in str(result.failures[0])


def test_ctrl_c_ends_it_with_its_results(camera):
    def interrupt(count, frame, explanation):
        if frame.fresh:
            raise KeyboardInterrupt

    result = watch(camera.url, explain=Constant(), window=False, sinks=[Keep(interrupt)])
    assert result.interrupted
    assert result.stats.frames.shown >= 1


def test_what_was_counted_is_written_after_an_error_too(tmp_path):
    capture = CaptureSettings(give_up_after=0.5)
    with pytest.raises(SourceError, match="no picture"):
        watch("http://127.0.0.1:9/x", explain=Constant(), capture=capture, window=False, stats=tmp_path / "run.json")
    assert json.loads((tmp_path / "run.json").read_text())["frames"]["shown"] == 0


class Receiving:
    """FFmpeg as what listens at an address, and keeps what it is sent."""

    def __init__(self, url, path, *options):
        self.path = path
        command = ["ffmpeg", "-v", "error", "-y", *options, "-i", url, "-c", "copy", "-f", "mpegts", str(path)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def has(self, size):
        return self.path.exists() and self.path.stat().st_size > size

    def end(self):
        self.process.kill()  # a transport stream is whole wherever it ends
        self.process.wait(20)


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def receive(tmp_path):
    need(shutil.which("ffmpeg"), "ffmpeg receives")
    started = []

    def begin(url, *options):
        started.append(Receiving(url, tmp_path / f"{len(started)}.ts", *options))
        return started[-1]

    yield begin
    for receiving in started:
        receiving.process.kill()
        receiving.process.wait()


def until(condition, seconds=120):
    """A sink that ends the session when something is so."""
    end = time.monotonic() + seconds

    def look(count, frame, explanation):
        assert time.monotonic() < end
        if condition(count):
            raise SessionEnd

    return Keep(look)


def test_what_is_shown_is_sent_on(camera, receive):
    url = f"udp://127.0.0.1:{free_port(socket.SOCK_DGRAM)}"
    receiving = receive(url)
    ends = until(lambda count: receiving.has(100_000))
    result = watch(camera.url, explain=Constant(), window=False, output=url, sinks=[ends])
    receiving.end()
    assert result.failures == result.recordings == ()
    assert result.sent > 20
    seen = clips.decoded(receiving.path)
    assert len(seen) > 10
    assert seen[-1][1].shape == (240, 320, 3)
    assert seen[-1][1].std() > 20


def test_a_receiver_that_comes_late_is_sent_to_and_one_that_leaves_ends_nothing(camera, receive, caplog):
    caplog.set_level(logging.INFO, logger="streamcam")
    url = f"rtmp://127.0.0.1:{free_port(socket.SOCK_STREAM)}/live/hidden-key"
    began = []

    def receives(count):
        if count > 60 and not began:
            began.append(receive(url, "-listen", "1", "-f", "flv"))
        return bool(began) and began[0].has(30_000)

    result = watch(camera.url, explain=Constant(), window=False, output=url, sinks=[until(receives)])
    assert result.sent > 0
    assert result.stats.frames.shown > 60
    said = [record.getMessage() for record in caplog.records if "rtmp://" in record.getMessage()]
    assert "trying again" in said[0]
    assert "hidden-key" not in "".join(said)


def test_without_any_receiver_the_session_goes_on_and_says_so_at_its_end(camera):
    url = f"rtsp://me:hidden@127.0.0.1:{free_port(socket.SOCK_STREAM)}/hall"
    result = watch(camera.url, explain=Constant(), window=False, output=url, max_frames=60)
    assert result.stats.frames.shown == 60
    assert result.sent == 0
    [failure] = result.failures
    assert "/hall" in str(failure)
    assert "hidden" not in str(failure)


def test_an_address_that_cannot_be_sent_to_is_said_at_once():
    with pytest.raises(OptionError, match=r"rtsp://, rtmp:// or udp://"):
        watch(0, explain=Constant(), window=False, output="ftp://127.0.0.1/x")
