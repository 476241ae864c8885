"""Clocks that jump: one clock for picture and sound."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from makers import clips

from streamcam import VideoSource
from streamcam.system.clock import Clock, is_straight, runs_of
from streamcam.system.ffmpeg import open_container

STEP = 0.04


def recording(track, start, seconds, step=STEP):
    return [(track, start + n * step, start + n * step, step) for n in range(round(seconds / step))]


def woven(*tracks):
    """Packets of several tracks as a muxer writes them: by their times."""
    return sorted(itertools.chain(*tracks), key=lambda packet: packet[1])


def both(start, seconds):
    return woven(recording(0, start, seconds), recording(1, start, seconds, 0.02))


def shown(packets, start=0.0):
    """Times on the file's clock, a list a track, by the runs that each packet belongs to."""
    runs = runs_of(packets, start)
    times = {0: [], 1: []}
    for at, (track, time, *_) in enumerate(packets):
        run = max((r for r in runs if r.track == track and r.begins <= at), key=lambda r: r.begins)
        times[track].append(time + run.offset)
    return times


@pytest.mark.parametrize("second", [3600.0, 0.0, 1.0, 95_000.0])
def test_joined_recordings_go_on_in_step(second):
    first = both(10.0, 4.0)
    times = shown(first + both(second, 3.0), 10.0)
    assert times[0] == pytest.approx([n * STEP for n in range(175)], abs=1e-6)
    assert times[1] == pytest.approx([n * 0.02 for n in range(350)], abs=1e-6)


def test_the_last_packets_of_one_may_come_among_those_of_the_next():
    first, second = both(100.0, 4.0), both(5.0, 4.0)
    late = [packet for packet in first[-6:] if packet[0] == 0]  # a demuxer gives a picture when the next one begins
    early = [packet for packet in first if packet not in late]
    sounds = [packet for packet in second[:9] if packet[0] == 1]
    times = shown(early + sounds + late + [packet for packet in second if packet not in sounds], 100.0)
    assert times[0] == pytest.approx([n * STEP for n in range(200)], abs=1e-6)
    assert times[1] == pytest.approx([n * 0.02 for n in range(400)], abs=1e-6)


def test_a_recording_without_sound_in_between_keeps_the_others_in_step():
    silent = recording(0, 0.0, 2.0)
    times = shown(both(0.0, 4.0) + silent + both(0.0, 4.0))
    assert times[0] == pytest.approx([n * STEP for n in range(250)], abs=1e-6)
    assert times[1][200] == pytest.approx(6.0, abs=1e-6)


def test_a_longer_sound_is_not_overlapped():
    first = woven(recording(0, 0.0, 4.0), recording(1, 0.0, 4.5, 0.02))
    times = shown(first + both(50.0, 2.0))
    assert times[0][100] == times[1][225] == pytest.approx(4.5, abs=1e-6)


def test_a_track_that_pauses_is_no_jump():
    """Subtitles' kind of picture: none for 30 seconds, while the sound goes on."""
    packets = woven(recording(0, 0.0, 4.0), recording(0, 34.0, 4.0), recording(1, 0.0, 40.0, 0.02))
    times = shown(packets)
    assert times[0][100] == pytest.approx(34.0)


def test_one_broken_time_moves_nothing_else():
    packets = both(0.0, 8.0)
    at = next(n for n, packet in enumerate(packets) if packet[0] == 0 and packet[1] > 4)
    packets[at] = (0, 70_000.0, 70_000.0, STEP)
    times = shown(packets)
    assert times[0][-1] == pytest.approx(8.0 - STEP)
    assert times[0][101] == pytest.approx(4.04, abs=0.1)


def film(path, seconds, offset):
    """A transport stream with sound, whose clock begins at ``offset``."""
    ticks = [round((offset + n / 25) * 90_000) for n in range(seconds * 25)]
    return clips.write_clip(
        path, ticks, time_base=clips.Fraction(1, 90_000), rate=25, audio="aac", audio_start=offset,
        audio_seconds=seconds,
    )  # fmt: skip


@pytest.mark.parametrize(("one", "other"), [(0, 3600), (3600, 0), (0, 0), (95_435, 40)])
def test_joined_transport_streams_are_in_order_and_in_step(one, other, tmp_path):
    parts = [film(tmp_path / f"{n}.ts", 4, offset) for n, offset in enumerate((one, other))]
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    with VideoSource(path) as source:
        video = np.array([frame.time for frame in source])
    assert source.lost == 0
    with open_container(path) as container:
        stream = container.streams.audio[0]
        clock = Clock.of(path, container, stream.index)
        sound = np.array([clock(float(p.dts * p.time_base)) for p in container.demux(stream) if p.dts is not None])
    assert len(video) == 200
    for times, step in ((video, 0.04), (sound, 1024 / 48_000)):
        assert np.diff(times).min() > 0.9 * step
        assert np.diff(times).max() < step + 0.1
    with open_container(parts[1]) as container:
        alone = float(container.streams.audio[0].start_time * container.streams.audio[0].time_base)
        first = float(container.streams.video[0].start_time * container.streams.video[0].time_base)
    # Sound and picture of the second part are as far apart as in its own file, to the millisecond.
    begins = len(sound) // 2
    assert video[100] - sound[begins] == pytest.approx(first - alone, abs=0.005)
    assert not is_straight(path)


def test_a_plain_transport_stream_has_a_straight_clock(tmp_path):
    assert is_straight(film(tmp_path / "a.ts", 8, 20))


def test_a_start_offset_is_counted_once(tmp_path):
    for ending in ("mkv", "mp4", "ts", "mov"):
        path = clips.write_clip(
            tmp_path / f"a.{ending}", [7000 + 40 * n for n in range(20)], time_base=clips.Fraction(1, 1000), rate=25,
            audio="aac", audio_start=7.0, audio_seconds=1,
        )  # fmt: skip
        with VideoSource(path) as source:
            times = [frame.time for frame in source]
        assert times[0] == pytest.approx(0, abs=0.03)
        assert times[-1] - times[0] == pytest.approx(0.76, abs=2e-3)
        assert source.lost == 0
        assert source.info.duration == pytest.approx(0.8, abs=0.1)
