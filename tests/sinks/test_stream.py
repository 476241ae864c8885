"""Sending on to a receiver over a socket, and receivers that fail."""

from __future__ import annotations

import socket
import subprocess
import time
from fractions import Fraction

import pytest
from makers import clips
from makers.leftovers import nothing_left
from makers.needs import need_program

from streamcam import Encoding
from streamcam.errors import OptionError, StreamcamWarning
from streamcam.sinks.stream import StreamSink, is_stream, shown

RATE = 25


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def receiver(kind, port, out):
    """Another program that listens, and writes what it is sent."""
    need_program("ffmpeg")
    listening = {
        "rtmp": ["-listen", "1", "-i", f"rtmp://127.0.0.1:{port}/live/key"],
        "rtsp": ["-rtsp_flags", "listen", "-i", f"rtsp://127.0.0.1:{port}/x"],
        "udp": ["-i", f"udp://127.0.0.1:{port}?timeout=3000000"],
    }[kind]
    return subprocess.Popen(["ffmpeg", "-v", "error", "-y", *listening, "-c", "copy", out], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip


def address(kind, port):
    user = "user:secret@" if kind == "rtsp" else ""
    return {"rtmp": f"rtmp://127.0.0.1:{port}/live/key", "udp": f"udp://127.0.0.1:{port}"}.get(
        kind, f"rtsp://{user}127.0.0.1:{port}/x"
    )


def send(sink, frames, pause=1 / RATE):
    for frame in frames:
        sink.write(frame, None)
        time.sleep(pause)


@pytest.mark.parametrize("kind", ["rtmp", "rtsp", "udp"])
def test_frames_reach_a_receiver(tmp_path, kind):
    port, out = free_port(), tmp_path / "out.mkv"
    program = receiver(kind, port, out)
    try:
        time.sleep(1.5)
        with nothing_left(), StreamSink(address(kind, port), Fraction(RATE)) as sink:
            send(sink, clips.frames(50, 160, 120, RATE))
        assert sink.failure is None
        assert (sink.frames, sink.lost) == (50, 0)
        program.wait(15)
    finally:
        program.kill()
        program.wait()
    frames = clips.decoded(out)
    assert len(frames) >= 48
    assert frames[0][1].shape == (120, 160, 3)
    assert abs(frames[-1][0] - frames[0][0] - (len(frames) - 1) / RATE) < 0.1


@pytest.mark.parametrize("kind", ["rtmp", "rtsp"])
def test_a_receiver_that_is_not_there_is_one_line_and_no_error(kind):
    said = []
    port = free_port()
    with nothing_left(), StreamSink(address(kind, port), Fraction(RATE), failed=said.append) as sink:
        send(sink, clips.frames(20, rate=RATE), 0.05)
    assert len(said) == 1
    assert said[0].startswith(f"{kind}://127.0.0.1:{port}/")
    assert "the session goes on" in said[0]
    assert "secret" not in said[0]
    assert "key" not in said[0]
    assert str(sink.failure) == said[0]


def test_a_receiver_that_goes_away_is_one_line(tmp_path):
    said = []
    port = free_port()
    program = receiver("rtmp", port, tmp_path / "out.mkv")
    try:
        time.sleep(1.5)
        with nothing_left(), StreamSink(address("rtmp", port), Fraction(RATE), failed=said.append) as sink:
            send(sink, clips.frames(15, rate=RATE))
            program.kill()
            program.wait()
            send(sink, clips.frames(60, rate=RATE)[15:])
            assert sink.failure
    finally:
        program.kill()
        program.wait()
    assert len(said) == 1


def test_a_receiver_that_takes_nothing_never_holds_up_the_session():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"rtmp://127.0.0.1:{deaf.getsockname()[1]}/live/key"
        sink = StreamSink(url, Fraction(RATE), failed=lambda line: None)
        began = time.monotonic()
        for frame in clips.frames(100, rate=RATE):
            sink.write(frame, None)
        assert time.monotonic() - began < 1
        assert sink.lost > 0
    began = time.monotonic()
    sink.close()
    assert time.monotonic() - began < 6


def test_what_an_encoder_refuses_is_the_line():
    said = []
    with StreamSink("udp://127.0.0.1:9", Fraction(RATE), encoding=Encoding(preset="warp"), failed=said.append) as sink:
        send(sink, clips.frames(3, rate=RATE), 0.2)
    assert len(said) == 1
    assert "--preset warp" in said[0]


def test_without_anybody_to_tell_it_is_a_warning():
    sink = StreamSink(address("rtmp", free_port()), Fraction(RATE))
    with pytest.warns(StreamcamWarning, match="nothing is sent any more"):
        send(sink, clips.frames(10, rate=RATE), 0.05)
    sink.close()


def test_addresses():
    assert is_stream("rtsp://a/b")
    assert is_stream("RTMP://a/b")
    assert is_stream("udp://1.2.3.4:5")
    assert not is_stream("http://a/b")
    assert not is_stream("clip.mp4")
    assert shown("rtmp://live.example.org/app/secret-key?x=y") == "rtmp://live.example.org/app/…"
    assert shown("rtsp://me:word@host/cam") == "rtsp://host/cam"
    with pytest.raises(OptionError, match=r"ftp://host/b: .*rtsp://") as caught:
        StreamSink("ftp://me:word@host/b", Fraction(RATE))
    assert "word" not in str(caught.value)
