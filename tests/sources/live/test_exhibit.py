"""The source of an exhibit: a camera, people who come and go, opening hours."""

from __future__ import annotations

import time
from datetime import datetime
from fractions import Fraction
from itertools import islice, pairwise

import numpy as np
import pytest
from makers.cameras import Camera, bounded, until
from makers.leftovers import reading_processes

from streamcam import Frame, VideoInfo, VideoSink
from streamcam.errors import SourceError
from streamcam.protocols import Closing
from streamcam.settings import CaptureSettings
from streamcam.sources.live.exhibit import ExhibitSource, MotionDetector, _played
from streamcam.sources.live.hours import parse_hours
from streamcam.sources.live.live import LiveSource


class Clock:
    """Time that a test moves."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def write(path, images, fps=25):
    info = VideoInfo(images[0].shape[1], images[0].shape[0], Fraction(fps))
    with VideoSink(path, info) as sink:
        for index, image in enumerate(images):
            sink.write(Frame(image, index, index / fps), None)
    return path


@pytest.fixture(scope="module")
def room(cat):
    return cat[:240, :320].copy()


@pytest.fixture
def still_clip(room, tmp_path):
    return write(tmp_path / "still.mp4", [room] * 50)


@pytest.fixture
def red_clip(tmp_path):
    return write(tmp_path / "red.mp4", [np.full((240, 320, 3), (0, 0, 255), np.uint8)] * 25)


def is_red(frame):
    blue, _, red = frame.image.mean((0, 1))
    return red > 200 and blue < 60


def test_motion_is_told_from_light_and_noise(room):
    random = np.random.default_rng(1)
    detector = MotionDetector()
    assert not detector.moved(room)
    for _ in range(20):
        noisy = np.clip(room + random.normal(0, 6, room.shape), 0, 255).astype(np.uint8)
        assert not detector.moved(noisy)
    assert not detector.moved(np.clip(room.astype(int) + 30, 0, 225).astype(np.uint8))  # a lamp
    detector.moved(room)
    person = room.copy()
    person[60:200, 100:160] = (40, 60, 200)
    assert detector.moved(person)
    assert not detector.moved(person)


def test_nobody_there_attracts_and_motion_wakes(room, tmp_path, red_clip):
    moving = [room] * 200 + [np.roll(room, 12 * step, axis=1) for step in range(75)]
    clip = write(tmp_path / "room.mp4", moving)
    clock = Clock()
    source = ExhibitSource(
        lambda: LiveSource(clip, CaptureSettings(loop=True)), [red_clip], attract_after=60, clock=clock
    )
    with source:
        frames = iter(source)
        until(frames, lambda frame: frame.fresh and not is_red(frame))
        assert source.state.phase == "live"
        # Until nothing has moved for a minute by this clock: the clip stands still for 200 frames of each round.
        for frame in islice(frames, 2000):
            clock.now += 0.7
            if is_red(frame):
                break
        assert source.state.phase == "attracting"
        wakes = source.wakes
        clock.now += 1
        awake = until(frames, lambda frame: frame.fresh and not is_red(frame))  # the seconds of stillness are over
        assert source.state.phase == "live"
        assert source.wakes == wakes + 1
        assert awake.image.shape == (240, 320, 3)
        frames.close()


def test_who_touches_the_page_wakes_it_though_nothing_moves(still_clip, red_clip):
    clock = Clock()
    source = ExhibitSource(
        lambda: LiveSource(still_clip, CaptureSettings(loop=True)), [red_clip], attract_after=60, clock=clock
    )
    source.wake()  # before there is a camera
    with source:
        frames = iter(source)
        until(frames, lambda frame: frame.fresh and not is_red(frame))
        clock.now += 61
        until(frames, is_red)
        assert source.state.phase == "attracting"
        assert source.state.reason == ""  # the camera is well
        clock.now += 1
        source.wake()
        until(frames, lambda frame: frame.fresh and not is_red(frame))
        assert source.state.phase == "live"
        frames.close()


def test_without_a_camera_something_is_shown_until_it_comes(red_clip):
    with Camera() as camera:
        port = camera.port
    clock = Clock()
    source = ExhibitSource(
        lambda: LiveSource(f"http://127.0.0.1:{port}/camera.mjpg", CaptureSettings(stall_timeout=1)), [red_clip], attract_after=None, clock=clock
    )  # fmt: skip
    with source:
        frames = iter(source)
        next(frames)
        clock.now = 4
        assert source.state.phase in ("connecting", "retrying")
        until(frames, is_red)
        assert source.state.phase == "attracting"
        assert "refused" in source.state.reason  # staff read why
        with Camera(port=port):
            until(frames, lambda frame: frame.fresh and not is_red(frame) and frame.image.any())
            assert source.state.phase == "live"
        frames.close()


@pytest.mark.parametrize("broken", [b"", b"no film at all" * 1000, None])
def test_a_clip_that_cannot_be_played_is_left_out(still_clip, red_clip, tmp_path, monkeypatch, broken):
    monkeypatch.setattr("streamcam.sources.live.exhibit._CLIP_PATIENCE", 5.0)
    clip = tmp_path / "clip.mp4"
    if broken is not None:
        clip.write_bytes(broken)
    played = _played([clip, red_clip])
    assert next(image for image in played if image is not None)[..., 2].mean() > 200
    played.close()
    assert [image for image in _played([clip]) if image is not None] == []  # and ends: photographs follow


class SlowClip(Closing):
    """A clip that gives no picture for a while, and then turns out to be broken."""

    def __init__(self, path, settings):
        pass

    def __iter__(self):
        for index in range(20):
            time.sleep(0.02)
            yield Frame(np.zeros((48, 64, 3), np.uint8), index, index / 10, fresh=False)
        raise SourceError("clip: no picture")


def test_while_a_clip_is_slow_to_begin_the_last_picture_stays(still_clip, tmp_path, monkeypatch):
    """Not nothing: whoever watches over the program would take it for hung."""
    monkeypatch.setattr("streamcam.sources.live.exhibit.LiveSource", SlowClip)
    clock = Clock()
    source = ExhibitSource(
        lambda: LiveSource(still_clip, CaptureSettings(loop=True)),
        [tmp_path / "slow.mp4"],
        attract_after=10,
        clock=clock,
    )
    with source:
        frames = iter(source)
        last = stand_in = until(frames, lambda frame: frame.fresh)
        for frame in bounded(frames):  # nobody moves
            last, stand_in = stand_in, frame
            if source.state.phase == "attracting":
                break
            clock.now += 0.3
        assert not stand_in.fresh
        assert (stand_in.image == last.image).all()
        until(frames, lambda frame: frame.fresh and frame.image.shape == (720, 1280, 3))  # photographs follow
        frames.close()


def test_times_and_numbers_only_grow(still_clip, red_clip):
    clock = Clock()
    source = ExhibitSource(
        lambda: LiveSource(still_clip, CaptureSettings(loop=True)), [red_clip], attract_after=10, clock=clock
    )
    seen = []
    with source:
        frames = iter(source)
        for frame in bounded(frames):
            seen.append(frame)
            clock.now += 0.3 if len(seen) < 60 else 0.0
            if len(seen) >= 100 and any(is_red(frame) for frame in seen[:-20]):
                break
        frames.close()
    assert [frame.index for frame in seen] == list(range(len(seen)))
    assert all(b.time >= a.time - 0.05 for a, b in pairwise(seen))


def test_outside_its_hours_the_camera_is_closed(still_clip):
    now = datetime(2026, 11, 23, 8, 59)
    source = ExhibitSource(
        lambda: LiveSource(still_clip, CaptureSettings(loop=True)),
        hours=parse_hours("Mon 9-17"),
        clock=Clock(),  # it stands still: however slow the camera is to begin, nothing else is shown
        wall_clock=lambda: now,
    )
    with source:
        frames = iter(source)
        assert not next(frames).image.any()
        assert source.state.phase == "closed"
        assert not reading_processes()
        now = now.replace(hour=9, minute=0)
        until(frames, lambda frame: frame.image.any())
        assert source.state.phase == "live"
        assert reading_processes()
        now = now.replace(hour=17)
        closed = until(frames, lambda frame: not frame.image.any())
        assert closed.image.shape != (240, 320, 3)  # so that no map is laid over it
        assert source.state.phase == "closed"
        assert not reading_processes()
        now = now.replace(day=30, hour=9)
        captured = source.counts.captured
        until(frames, lambda frame: frame.image.any())
        assert source.counts.captured > captured > 0
        frames.close()
