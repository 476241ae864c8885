"""Codecs by the ending, and options that are refused by name."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from makers import clips

from streamcam import Encoding, Frame, VideoInfo, VideoSink
from streamcam.errors import SinkError

INFO = VideoInfo(96, 64, Fraction(30))


def write(path, encoding=None, info=INFO, count=6):
    with VideoSink(path, info, encoding=encoding) as sink:
        for frame in clips.frames(count, info.width, info.height):
            sink.write(frame, None)
    return path


def tracks(path):
    from streamcam.system.ffmpeg import open_container

    with open_container(path) as container:
        video = container.streams.video[0]
        return container.format.name, video.codec_context.name, video.width, sum(1 for p in container.demux() if p.size)


@pytest.mark.parametrize(
    ("name", "codec", "form", "found"),
    [
        ("a.mp4", None, "mov,mp4", "h264"),
        ("a.MOV", None, "mov,mp4", "h264"),
        ("a.mkv", None, "matroska", "h264"),
        ("a.webm", None, "matroska,webm", "vp9"),
        ("a.webm", "av1", "matroska,webm", "av1"),
        ("a.mp4", "av1", "mov,mp4", "av1"),
        ("a.mkv", "vp9", "matroska", "vp9"),
        ("a.mov", "hevc", "mov,mp4", "hevc"),
        ("a.avi", None, "avi", "h264"),
    ],
)
def test_the_codec_follows_from_the_ending_unless_it_is_asked_for(tmp_path, name, codec, form, found):
    got_form, got_codec, width, packets = tracks(write(tmp_path / name, Encoding(codec)))
    assert got_form.startswith(form)
    assert found in got_codec
    assert (width, packets) == (96, 6)


@pytest.mark.parametrize(
    ("name", "encoding", "message"),
    [
        ("a.webm", Encoding("h264"), r"^--codec h264: \.webm does not hold it; .*\.mkv"),
        ("a.webm", Encoding("hevc"), r"^--codec hevc: \.webm does not hold it"),
        ("a.mov", Encoding("vp9"), r"^--codec vp9: \.mov does not hold it"),
        ("a.mp4", Encoding("nonsense"), r"^--codec nonsense: .*no such encoder"),
        ("a.mp4", Encoding("aac"), r"^--codec aac: does not encode yuv420p"),
        ("a.mp4", Encoding("prores"), r"^--codec prores: does not encode yuv420p"),
        ("a.avi", Encoding("mjpeg"), r"^--codec mjpeg: "),
        ("a.mp4", Encoding(preset="warp"), r"^--preset warp: "),
        ("a.webm", Encoding(preset="warp"), r"^--preset warp: "),
        ("a.mp4", Encoding("av1", preset="warp"), r"^--preset warp: "),
        ("a.mp4", Encoding("hevc", preset="warp"), r"^--preset warp: "),
        ("a.webm", Encoding(crf=99), r"^--crf 99: "),
        ("a.mp4", Encoding("hevc", crf=63), r"^--crf 63: "),
        ("a.mkv", Encoding("ffv1", crf=20), r"^--crf 20: ffv1 has no constant quality"),
        ("a.xyz", Encoding(), r"a\.xyz: no video that is written ends so"),
        ("a", Encoding(), r"a: no video that is written ends so"),
    ],
)
def test_what_is_refused_is_named_before_the_first_frame(tmp_path, name, encoding, message):
    with pytest.raises(SinkError, match=message) as caught:
        VideoSink(tmp_path / name, INFO, encoding=encoding)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_picture_that_an_encoder_does_not_take_is_named(tmp_path):
    with pytest.raises(SinkError, match="20000x64"):
        VideoSink(tmp_path / "a.mp4", VideoInfo(20_000, 64, Fraction(30)))


@pytest.mark.parametrize("preset", ["ultrafast", "veryfast", "medium", "8"])
@pytest.mark.parametrize("codec", ["vp9", "av1"])
def test_speeds_are_the_same_words_for_every_codec(tmp_path, codec, preset):
    assert tracks(write(tmp_path / "a.mkv", Encoding(codec, preset=preset)))[3] == 6


@pytest.mark.parametrize("codec", ["h264", "vp9", "av1"])
def test_quality_is_kept_by_every_codec(tmp_path, codec, cat):
    picture = np.ascontiguousarray(cat[:192, :256])
    sizes = []
    for crf in (20, 50):
        with VideoSink(
            tmp_path / f"{crf}.mkv", VideoInfo(256, 192, Fraction(30)), encoding=Encoding(codec, crf)
        ) as sink:
            for index in range(10):
                sink.write(Frame(np.roll(picture, index, axis=1), index, index / 30), None)
        sizes.append(sink.output.path.stat().st_size)
    assert sizes[1] < sizes[0] / 2


@pytest.mark.parametrize("name", ["a.webm", "a.mkv", "a.mov"])
def test_the_same_frames_give_the_same_bytes(tmp_path, name, cat):
    written = set()
    for folder in ("one", "two", "three"):
        with VideoSink(tmp_path / folder / name, VideoInfo(320, 240, Fraction(30))) as sink:
            for index in range(20):
                sink.write(Frame(np.ascontiguousarray(cat[index : index + 240, :320]), index, index / 30), None)
        written.add(sink.output.path.read_bytes())
    assert len(written) == 1


def test_videos_can_be_made_smaller_and_slower(tmp_path):
    from streamcam.system.ffmpeg import open_container

    path = write(tmp_path / "a.mp4", Encoding(max_width=48, max_fps=10), count=30)
    with open_container(path) as container:
        video = container.streams.video[0]
        assert (video.width, video.height, video.average_rate) == (48, 32, 10)
        assert sum(1 for packet in container.demux(video) if packet.size) == 10
