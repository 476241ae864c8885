"""Why a source gives no picture, in words that help, and without a password."""

from __future__ import annotations

import os
import socket
import socketserver
import threading
from contextlib import contextmanager
from itertools import islice

import pytest
from makers.addresses import serving
from makers.cameras import reason_of

from streamcam.errors import SourceError
from streamcam.settings import CaptureSettings
from streamcam.sources.live.kinds import camera
from streamcam.sources.live.live import LiveSource


def why(given):
    """What is said of a source that gives no picture."""
    with LiveSource(given, CaptureSettings(open_timeout=30)) as source:
        reason = reason_of(source)
    assert reason in source.state.notice
    return f"{source.name}: {reason}"


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (401, "a user and a password are asked for"),
        (403, "access is refused"),
        (404, "nothing at this address"),
        (418, "refuses the request"),
        (429, "too many requests"),
        (500, "the server has failed"),
        (503, "the server has failed"),
    ],
)
def test_what_a_server_answers(status, says):
    with serving(lambda _: (status, {"WWW-Authenticate": 'Basic realm="x"'} if status == 401 else {}, b"")) as address:
        message = why(address.with_user("me", "hidden") + "/camera?token=hidden")
    assert says in message
    assert "hidden" not in message


@pytest.mark.parametrize("kind", ["text/html", "video/mp4", "image/jpeg"])
def test_what_is_no_video(kind):
    page = b"<html><body>Log in, please</body></html>" * 100
    with serving(lambda _: (200, {"Content-Type": kind}, page)) as address:
        assert "no video or picture that can be read" in why(address.url)


def test_a_port_where_nobody_listens_and_a_name_that_nobody_has():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        for scheme in ("http", "rtsp", "rtmp", "tcp"):
            assert "the connection was refused" in why(f"{scheme}://me:hidden@127.0.0.1:{port}/x")
    assert "no host of this name" in why("rtsp://me:hidden@no.such.host.invalid/x")
    assert "cannot be read by this FFmpeg" in why("srt://127.0.0.1:9")


class _Rtsp(socketserver.StreamRequestHandler):
    timeout = 20

    def handle(self):
        for _ in range(20):
            lines = []
            while line := self.rfile.readline().strip():
                lines.append(line)
            if not lines:
                return
            [number] = [line for line in lines if line.lower().startswith(b"cseq")]
            self.wfile.write(b"RTSP/1.0 %s\r\n%s\r\n\r\n" % (self.server.status, number))


@contextmanager
def refusing_by_rtsp(status):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Rtsp) as server:
        server.status, server.daemon_threads = status, True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (b'401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"', "a user and a password"),
        (b"404 Stream Not Found", "nothing at this address"),
    ],
)
def test_what_an_rtsp_camera_answers(status, says):
    with refusing_by_rtsp(status) as port:
        message = why(f"rtsp://me:hidden@127.0.0.1:{port}/x")
    assert says in message
    assert "hidden" not in message


def test_an_address_that_takes_the_connection_and_says_nothing():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        settings = CaptureSettings(give_up_after=6, open_timeout=1)
        source = LiveSource(f"http://127.0.0.1:{silent.getsockname()[1]}/x", settings)
        with source, pytest.raises(SourceError, match=r"no picture for 6 s \(it does not answer\)"):
            list(islice(source, 1000))


def test_a_camera_that_is_missing_is_said_with_its_name(tmp_path):
    assert "there is no /dev/video93" in why(93)
    assert "there is no /dev/v4l/by-id/usb-gone" in why("/dev/v4l/by-id/usb-gone")
    assert "/dev/null is no camera" in why("/dev/null")


def test_a_camera_that_others_have_or_guard(monkeypatch):
    real = os.stat("/dev/null")  # noqa: PTH116 - of a device
    monkeypatch.setattr(camera.Path, "stat", lambda *_, **__: real)
    monkeypatch.setattr(camera.os, "access", lambda *_: True)
    assert "in use by another program" in camera.why_closed("0")
    monkeypatch.setattr(camera.os, "access", lambda *_: False)
    assert "not permitted" in camera.why_closed("0")
