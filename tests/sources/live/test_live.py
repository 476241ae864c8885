"""Live sources: real streams over real sockets, read by a real child process, with faults."""

from __future__ import annotations

import socket
from itertools import pairwise

import pytest
from makers import clips
from makers.cameras import Camera, bounded, fresh, number_of, until, until_fresh_again

from streamcam import VideoSource
from streamcam.errors import OptionError, SourceError
from streamcam.settings import CaptureSettings
from streamcam.sources.live.live import LiveSource


def test_pictures_come_in_order_with_their_times_and_size(camera):
    with LiveSource(camera.url) as source:
        frames = fresh(source, 30)
        assert frames[0].image.shape == (240, 320, 3)
        assert (source.info.width, source.info.height, source.info.live) == (320, 240, True)
    numbers = [number_of(frame.image) for frame in frames]
    assert all(0 < later - earlier < 10 for earlier, later in pairwise(numbers))
    assert all(a.time < b.time and a.index < b.index for a, b in pairwise(frames))
    sent = camera.sent()
    arrived = source.start + frames[-1].time
    assert arrived >= sent[numbers[-1]]  # the clock is that of the moment it arrived, not of the moment it was shown


def test_a_mirror_flips_left_and_right(tmp_path):
    clip = clips.write_clip(tmp_path / "clip.mp4", 5)
    straight, mirrored = (
        fresh(LiveSource(clip, CaptureSettings(mirror=mirror)), 1)[0].image for mirror in (False, True)
    )
    assert (mirrored == straight[:, ::-1]).all()


def test_a_file_plays_in_real_time_to_its_end_or_around_and_around(tmp_path):
    clip = clips.write_clip(tmp_path / "clip.mp4", 20)
    with VideoSource(clip) as expected:
        images = [frame.image for frame in expected]
        interval = float(1 / expected.info.frame_rate)
    with LiveSource(clip) as source:
        frames = [frame for frame in source if frame.fresh]
        assert source.state.phase == "ended"
    assert len(frames) == 20
    assert all((frame.image == image).all() for frame, image in zip(frames, images, strict=True))
    assert frames[-1].time - frames[0].time >= 18 * interval  # never faster than real time
    with LiveSource(clip, CaptureSettings(loop=True)) as source:
        frames = fresh(source, 50)
    assert (frames[20].image == images[0]).all()
    assert all(a.time < b.time for a, b in pairwise(frames))


FAULTS = ("freeze", "disconnect", "garbage", "truncated", "size", "slow")


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_survived(camera, fault):
    with LiveSource(camera.url, CaptureSettings(stall_timeout=0.7)) as source:
        frames = iter(source)
        until_fresh_again(source, frames)
        for _ in range(2):
            if fault == "slow":
                camera.fault("disconnect")
                until(frames, lambda frame: not frame.fresh or source.state.phase != "live")
                camera.fault("slow")
            else:
                camera.fault(fault)
            if fault == "freeze":
                stalls = source.counts.stalls
                for frame in bounded(frames):
                    if source.counts.stalls > stalls:
                        break
                    assert frame.image.shape == (240, 320, 3)
                camera.fault("none")
            if fault == "size":
                assert until(frames, lambda frame: frame.image.shape == (320, 240, 3)).fresh
                camera.fault("none")
                assert until(frames, lambda frame: frame.image.shape == (240, 320, 3)).fresh
            until_fresh_again(source, frames)
        count = source.counts.captured
        fresh(frames, 10)
        assert source.counts.captured >= count + 9
        frames.close()


def test_a_frozen_stream_is_read_by_a_new_process_while_stand_ins_keep_coming(camera):
    with LiveSource(camera.url, CaptureSettings(stall_timeout=0.7)) as source:
        frames = iter(source)
        last = fresh(frames, 5)[-1]
        camera.fault("freeze")
        stand_ins = []
        for frame in bounded(frames):
            last = frame if frame.fresh else last
            if not frame.fresh:
                stand_ins.append(frame)
            if source.counts.stalls:
                break
        assert source.counts.stalls == 1
        next(frames)
        assert source.state.phase == "retrying"
        assert "no picture, retrying (1): silent for" in source.state.notice
        assert stand_ins
        assert all((frame.image == last.image).all() for frame in stand_ins)
        camera.fault("none")
        until_fresh_again(source, frames)
        assert source.counts.reconnects == 1
        assert source.state.notice == ""
        frames.close()


def test_a_camera_that_is_not_there_yet_is_waited_for():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with LiveSource(f"http://127.0.0.1:{port}/x.mjpg") as source:
        frames = iter(source)
        for frame in bounded(frames):
            assert not frame.fresh
            if source.state.attempt == 2:
                break
        assert (frame.image == 0).all()
        assert "refused" in source.state.notice
        with Camera(port=port):
            until_fresh_again(source, frames)
        frames.close()


def test_giving_up_names_the_source_and_no_password():
    source = LiveSource("http://me:secret@127.0.0.1:9/x?token=secret", CaptureSettings(give_up_after=4))
    with (
        source,
        pytest.raises(SourceError, match=r"^http://127\.0\.0\.1:9/x: no picture for 4 s .*refused") as error,
    ):
        list(source)
    assert "secret" not in str(error.value)


def test_wrong_settings_are_refused():
    with pytest.raises(OptionError, match="stall-timeout"):
        LiveSource(0, CaptureSettings(stall_timeout=0))
    with pytest.raises(OptionError, match="give-up-after"):
        LiveSource(0, CaptureSettings(give_up_after=float("nan")))
