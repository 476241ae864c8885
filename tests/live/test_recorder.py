"""Recordings of a session: as long as what they show, as many as wanted, and a failure that ends the recording alone."""

from __future__ import annotations

import itertools
from fractions import Fraction
from itertools import dropwhile

import numpy as np
import pytest
from makers import clips
from makers.sessions import Keep, session

from streamcam.drawing.overlay import Overlay
from streamcam.live.controls import Controls
from streamcam.live.recorder import Recorder
from streamcam.sources.live.live import LiveSource


def test_a_recording_lasts_as_long_as_what_it_shows_also_when_the_rate_wobbles(camera, tmp_path):
    camera.ask(wobble=0.9)
    controls = Controls(Overlay(()))
    controls.recording = True
    keep = Keep()
    with Recorder(controls, Fraction(30), lambda: tmp_path / "run.mp4") as recorder:
        session(LiveSource(camera.url), controls=controls, writers=[recorder, keep], limit=90)
    times = [frame.time for frame, _ in dropwhile(lambda shown: not shown[0].fresh, keep.shown)]
    length, recorded = clips.length_of(tmp_path / "run.mp4")
    assert recorder.lost == 0
    assert recorder.saved == [tmp_path / "run.mp4"]
    assert length == pytest.approx(times[-1] - times[0] + 1 / 30, abs=1 / 30)
    np.testing.assert_allclose(recorded, np.maximum.accumulate(times) - times[0], atol=1e-3)


def test_recordings_are_begun_and_ended_as_often_as_wanted(camera, tmp_path):
    controls = Controls(Overlay(()))
    paths = (tmp_path / f"{number}.mp4" for number in range(10))

    pictures = itertools.count(1)

    def steer(count, frame, explanation):
        if frame.fresh and next(pictures) % 20 == 0:
            controls.toggle_recording()

    with Recorder(controls, Fraction(30), lambda: next(paths)) as recorder:
        session(LiveSource(camera.url), controls=controls, writers=[Keep(steer), recorder], limit=100)
    assert [path.name for path in recorder.saved] == ["0.mp4", "1.mp4", "2.mp4"]
    assert all(len(clips.length_of(path)[1]) >= 1 for path in recorder.saved)


def test_a_recording_that_fails_ends_alone(camera, tmp_path):
    controls = Controls(Overlay(()))
    controls.recording = True
    (tmp_path / "there.mp4").write_bytes(b"x")
    with Recorder(controls, Fraction(30), lambda: tmp_path / "there.mp4") as recorder:
        stats = session(LiveSource(camera.url), controls=controls, writers=[recorder], limit=20)
    assert stats.shown == 20
    assert len(recorder.failures) == 1
    assert (tmp_path / "there.mp4").read_bytes() == b"x"
