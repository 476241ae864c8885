"""Sound that is encoded again, cut, left out or damaged: in step with the picture, and said."""

from __future__ import annotations

import json
import subprocess
import warnings
from dataclasses import replace

import pytest
from makers import clicks, clips
from makers.needs import need_program

from streamcam import Encoding, VideoSink, VideoSource
from streamcam.errors import StreamcamWarning

STEP = 0.005  # seconds that sound may be off


def probed(path):
    """The sound tracks of a file, by another program."""
    need_program("ffprobe")
    command = ["ffprobe", "-v", "error", "-select_streams", "a", "-count_packets", "-show_streams", "-of", "json", path]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["streams"]


def decodes(path):
    """Whether another program decodes a file without a complaint."""
    need_program("ffmpeg")
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "null", "-"], capture_output=True, text=True)
    return not done.returncode and not done.stderr


CASES = [
    ("in.avi", {"audio": "pcm_s16le", "codec": "mjpeg"}, "out.mp4", "aac"),
    ("in.avi", {"audio": "pcm_s16le", "codec": "mjpeg", "sample_rate": 44_100, "layout": "mono"}, "out.m4v", "aac"),
    ("in.avi", {"audio": "pcm_u8", "codec": "mjpeg", "sample_rate": 11_025, "layout": "mono"}, "out.mp4", "aac"),
    ("in.mov", {"audio": "pcm_s24le"}, "out.mp4", "aac"),
    ("in.mkv", {"audio": "libopus"}, "out.mov", "aac"),
    ("in.mp4", {"audio": "aac", "sample_rate": 44_100}, "out.webm", "opus"),
    ("in.mkv", {"audio": "ac3", "layout": "5.1"}, "out.webm", "opus"),
]


@pytest.mark.parametrize(("name", "how", "output", "codec"), CASES)
def test_sound_that_the_container_cannot_hold_is_encoded_and_said(tmp_path, name, how, output, codec):
    source = clicks.write(tmp_path / name, **how)
    ending = "." + output.partition(".")[2]
    with pytest.warns(StreamcamWarning, match=rf"in\..*{ending} cannot hold its .* sound, which becomes") as said:
        target = clips.copied(source, tmp_path / output)
    assert len(said) == 1
    assert [track["codec_name"] for track in probed(target)] == [codec]
    before, after = clicks.offsets(source), clicks.offsets(target)
    assert len(after) == 4
    assert max(abs(b - a) for a, b in zip(before, after, strict=True)) < STEP
    assert decodes(target)


@pytest.mark.parametrize(("name", "output"), [("in.avi", "out.mkv"), ("in.avi", "out.mov"), ("in.avi", "out.avi")])
def test_pcm_is_kept_where_the_container_holds_it(tmp_path, name, output):
    source = clicks.write(tmp_path / name, audio="pcm_s16le", codec="mjpeg")
    target = clips.copied(source, tmp_path / output)
    assert probed(target)[0]["codec_name"] == "pcm_s16le"
    assert b"".join(d for _, d in clips.audio_packets(target)) == b"".join(d for _, d in clips.audio_packets(source))


@pytest.mark.parametrize(("audio", "output", "codec"), [("aac", "out.mkv", ["aac"]), ("aac", "out.webm", ["opus"]), ("none", "out.mp4", [])])  # fmt: skip
def test_what_becomes_of_the_sound_can_be_chosen(tmp_path, audio, output, codec):
    source = clicks.write(tmp_path / "in.mkv", audio="flac")
    target = clips.copied(source, tmp_path / output, encoding=Encoding(audio=audio))
    assert [track["codec_name"] for track in probed(target)] == codec
    if codec:
        assert max(map(abs, clicks.offsets(target))) < STEP


@pytest.mark.parametrize(("name", "how"), [("in.mp4", {}), ("in.ts", {}), ("in.avi", {"audio": "pcm_s16le", "codec": "mjpeg"}), ("in.mkv", {"audio": "libmp3lame"})])  # fmt: skip
@pytest.mark.parametrize("output", ["out.mp4", "out.mkv", "out.webm"])
def test_sound_is_cut_with_the_picture(tmp_path, name, how, output):
    source_path = clicks.write(tmp_path / name, **how)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StreamcamWarning)
        with (
            VideoSource(source_path, start=1.31, end=3.2) as source,
            VideoSink(tmp_path / output, source.info) as sink,
        ):
            for frame in source:
                sink.write(frame, None)
    before, after = clicks.offsets(source_path), clicks.offsets(sink.output.path)
    assert len(after) == 2
    assert abs(after[0] - before[0]) < STEP
    assert abs(after[1] - before[1]) < STEP
    with_end = [time for time, _ in clips.audio_packets(sink.output.path)]
    assert with_end[-1] < 1.95


def test_tracks_keep_language_title_and_default(tmp_path):
    source = clicks.write(tmp_path / "plain.mkv", tracks=2)
    tagged = tmp_path / "in.mkv"
    need_program("ffmpeg")
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", source, "-map", "0", "-c", "copy", "-metadata:s:a:0", "language=fre",
         "-metadata:s:a:0", "title=Français", "-disposition:a:0", "0", "-metadata:s:a:1", "language=jpn",
         "-metadata:s:a:1", "title=日本語", "-disposition:a:1", "default", tagged],
        check=True,
    )  # fmt: skip
    for output, encoding in (("a.mp4", Encoding()), ("b.mkv", Encoding()), ("c.mp4", Encoding(audio="aac"))):
        tracks = probed(clips.copied(tagged, tmp_path / output, encoding=encoding))
        assert [track["tags"]["language"] for track in tracks] == ["fre", "jpn"]
        name = "handler_name" if output.endswith("mp4") else "title"
        assert [track["tags"][name] for track in tracks] == ["Français", "日本語"]
        assert [track["disposition"]["default"] for track in tracks] == [0, 1]


def test_damaged_sound_is_passed_over_and_counted(tmp_path):
    source = clicks.write(tmp_path / "in.ts", seconds=6)
    data = bytearray(source.read_bytes())
    packets = len(clips.audio_packets(source))
    audio = [at for at in range(0, len(data), 188) if (data[at + 1] & 0x1F) << 8 | data[at + 2] == 0x101]
    for at in audio[len(audio) // 3 : len(audio) // 3 + 6]:  # six packets in the middle
        data[at + 8 : at + 188] = bytes(range(1, 181))
    (tmp_path / "broken.ts").write_bytes(data)
    with pytest.warns(StreamcamWarning, match=r"broken\.ts: \d+ packets? of its sound (is|are) damaged and left out"):
        target = clips.copied(tmp_path / "broken.ts", tmp_path / "out.mp4")
    kept = clips.audio_packets(target)
    assert packets * 0.8 < len(kept) < packets
    assert kept[-1][0] > 5.8  # to the end
    assert abs(clicks.clicks_of(target)[-1] - clicks.flashes_of(target)[-1] - 0.02) < STEP
    assert decodes(target)


def test_gaps_in_sound_that_is_encoded_become_silence(tmp_path):
    whole = clicks.write(tmp_path / "whole.mkv", audio="pcm_s16le", seconds=5)
    from streamcam.system.ffmpeg import open_container

    with open_container(whole) as source, open_container(tmp_path / "in.mkv", "w") as output:
        tracks = [output.add_stream_from_template(stream) for stream in source.streams]
        for packet in source.demux():
            time = float((packet.pts or 0) * packet.time_base)
            if packet.size and not (packet.stream.type == "audio" and 1.7 < time < 2.3):
                packet.stream = tracks[packet.stream.index]
                output.mux(packet)
    with pytest.warns(StreamcamWarning, match="AAC"):
        target = clips.copied(tmp_path / "in.mkv", tmp_path / "out.mp4")
    assert max(map(abs, clicks.offsets(target))) < STEP
    durations = {
        round(b - a, 4)
        for (a, _), (b, _) in zip(clips.audio_packets(target), clips.audio_packets(target)[1:], strict=False)
    }
    assert max(durations) < 0.03


@pytest.mark.parametrize("output", ["out.mp4", "out.mov", "out.mkv", "out.webm"])
def test_what_there_is_after_an_error_plays_with_its_sound(tmp_path, output):
    source_path = clicks.write(tmp_path / "in.avi", audio="pcm_s16le", codec="mjpeg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StreamcamWarning)
        with (
            VideoSource(source_path) as source,
            pytest.raises(ZeroDivisionError),
            VideoSink(tmp_path / output, source.info) as sink,
        ):
            for frame in source:
                sink.write(frame, None)
                if frame.index == 60:
                    raise ZeroDivisionError
    part = sink.output.part
    assert len(clips.read_by_opencv(part)) == 61
    assert len(clicks.offsets(part)) == 2
    assert max(map(abs, clicks.offsets(part))) < STEP
    assert decodes(part)


def test_a_file_without_sound_in_what_is_cut_is_written(tmp_path):
    source_path = clicks.write(tmp_path / "in.mp4", seconds=2)
    with VideoSource(source_path) as source:
        info = replace(source.info, audio_start=50.0, audio_end=51.0)
        with VideoSink(tmp_path / "out.mp4", info) as sink:
            for frame in source:
                sink.write(frame, None)
    assert len(clips.read_by_opencv(sink.output.path)) == 50
