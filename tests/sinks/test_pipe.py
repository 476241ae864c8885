"""Video through a pipe, read by another program while it is written."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from makers import clicks, clips
from makers.needs import need_program

from streamcam import Encoding, VideoInfo
from streamcam.errors import SinkError
from streamcam.sinks.mark import is_marked
from streamcam.sinks.pipe import PipeSink

PROGRAM = """
import sys
from streamcam import VideoSource
from streamcam.sinks.pipe import PipeSink
with VideoSource(sys.argv[1]) as source, PipeSink(source.info) as sink:
    for frame in source:
        sink.write(frame, None)
"""


def write(info, frames, **options):
    file = io.BytesIO()
    with PipeSink(info, file=file, encoding=Encoding(**options)) as sink:
        for frame in frames:
            sink.write(frame, None)
    return file.getvalue()


@pytest.mark.parametrize("audio", ["aac", "pcm_s16le", "flac", "libopus"])
def test_another_program_reads_picture_and_sound_from_standard_output(tmp_path, audio):
    need_program("ffmpeg")
    source = clicks.write(tmp_path / "in.mkv", audio=audio)
    writer = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, source], stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]
    )
    tee = subprocess.Popen(["tee", tmp_path / "out.mkv"], stdin=writer.stdout, stdout=subprocess.PIPE)
    writer.stdout.close()
    reader = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", "-", "-f", "null", "-"], stdin=tee.stdout, capture_output=True, text=True
    )
    tee.stdout.close()
    assert (writer.wait(), tee.wait(), reader.returncode, reader.stderr) == (0, 0, 0, "")
    assert len(clips.decoded(tmp_path / "out.mkv")) == 100
    assert clips.audio_packets(tmp_path / "out.mkv")
    pairs = zip(clicks.offsets(source), clicks.offsets(tmp_path / "out.mkv"), strict=True)
    assert max(abs(a - b) for a, b in pairs) < 0.005


def test_frames_come_while_it_is_written(tmp_path):
    file = io.BytesIO()
    info = VideoInfo(64, 48, Fraction(30))
    sizes = []
    with PipeSink(info, file=file) as sink:
        for frame in clips.frames(200):
            sink.write(frame, None)
            sizes.append(len(file.getvalue()))
    assert sizes[150] > sizes[80] > 0
    (tmp_path / "a.mkv").write_bytes(file.getvalue())
    assert is_marked(tmp_path / "a.mkv")


def test_the_same_frames_give_the_same_bytes():
    info = VideoInfo(64, 48, Fraction(30))
    assert write(info, clips.frames(20)) == write(info, clips.frames(20))


def test_a_reader_that_ends_is_named_and_nothing_hangs():
    read, written = os.pipe()
    with os.fdopen(written, "wb") as file, pytest.raises(SinkError, match="the program that reads it has ended"):
        with PipeSink(VideoInfo(64, 48, Fraction(30)), file=file) as sink:
            os.close(read)
            for frame in clips.frames(300):
                sink.write(frame, None)
        raise AssertionError("it was not noticed")


def test_what_is_refused_is_named_before_the_first_frame():
    with pytest.raises(SinkError, match=r"^--preset warp"):
        PipeSink(VideoInfo(64, 48, Fraction(30)), file=io.BytesIO(), encoding=Encoding(preset="warp"))
