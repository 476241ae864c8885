"""Watching a live source from Python: what ``streamcam live`` does, with results as data, and with parts of one's own."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from makers import clips
from makers.sessions import Keep

from streamcam.errors import OutputExistsError, SourceError
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
