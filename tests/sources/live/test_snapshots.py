"""A camera that gives one picture a request."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from itertools import islice, pairwise

import cv2
import numpy as np
import pytest
from makers.addresses import serving
from makers.cameras import fresh, until_fresh_again

from streamcam.errors import SourceError
from streamcam.settings import CaptureSettings
from streamcam.sources.live.kinds.http_client import HttpClient
from streamcam.sources.live.live import LiveSource

SLOW = CaptureSettings(fps=20, give_up_after=20)


def jpeg(level, suffix=".jpg"):
    return cv2.imencode(suffix, np.full((96, 128, 3), level, np.uint8))[1].tobytes()


def numbered(kind="image/jpeg", suffix=".jpg"):
    """Answers with pictures that grow brighter."""
    levels = iter(range(0, 10_000))
    return lambda _: (200, {"Content-Type": kind}, jpeg(next(levels) * 4 % 256, suffix))


@pytest.mark.parametrize(
    ("kind", "suffix"), [("image/jpeg", ".jpg"), ("image/png", ".png"), ("application/octet-stream", ".jpg")]
)
def test_each_request_gives_a_new_picture_over_one_connection(kind, suffix):
    with serving(numbered(kind, suffix)) as address, LiveSource(f"{address.url}/snapshot?size=1", SLOW) as source:
        frames = fresh(islice(source, 1000), 12)
        assert source.state.phase == "live"
    assert len(frames) == 12
    levels = [frame.image.mean() for frame in frames]
    assert all(later == pytest.approx(earlier + 4, abs=1.5) for earlier, later in pairwise(levels))
    assert all(path == "/snapshot?size=1" for path in address.paths)
    assert address.connections <= 2  # one to see what it is, and one for all the rest


def test_a_camera_of_pictures_is_asked_as_often_as_is_wanted_and_no_more():
    with serving(numbered()) as address, LiveSource(address.url, CaptureSettings(fps=4)) as source:
        frames = fresh(islice(source, 1000), 9)
    assert frames[-1].time - frames[0].time > 8 / 4 - 0.3


def test_the_same_picture_again_is_one_more_sample():
    same = jpeg(99)
    with serving(lambda _: (200, {"Content-Type": "image/jpeg"}, same)) as address:
        assert len(fresh(islice(LiveSource(address.url, SLOW), 1000), 5)) == 5


def test_a_server_that_closes_each_connection():
    with serving(lambda _: (200, {"Content-Type": "image/jpeg", "Connection": "close"}, jpeg(50))) as address:
        assert len(fresh(islice(LiveSource(address.url, SLOW), 1000), 5)) == 5
    assert address.connections >= 5


def authorized(handler, check, challenge):
    given = handler.headers.get("Authorization", "")
    if check(given):
        return 200, {"Content-Type": "image/jpeg"}, jpeg(80)
    return 401, {"WWW-Authenticate": challenge}, b"no"


def digest_is_right(given):
    """Whether a Digest answer is that of user mé with password s:e/c."""
    fields = dict(re.findall(r'(\w+)="?([^",]+)"?', given))
    if not given.startswith("Digest "):
        return False
    made = hashlib.sha256 if fields.get("algorithm") == "SHA-256" else hashlib.md5
    digest = lambda *parts: made(":".join(parts).encode()).hexdigest()  # noqa: E731
    counted = [fields["nc"], fields["cnonce"], "auth"] if fields.get("qop") else []
    wanted = digest(digest("mé", "cam", "s:e/c"), fields["nonce"], *counted, digest("GET", fields["uri"]))
    return fields["response"] == wanted


@pytest.mark.parametrize(
    ("check", "challenge", "user"),
    [
        (lambda given: given == "Basic bWU6czplL2M=", 'Basic realm="cam"', "me"),
        (digest_is_right, 'Digest realm="cam", nonce="abc", qop="auth-int, auth", algorithm=MD5', "m%C3%A9"),
        (digest_is_right, 'Digest realm="cam", nonce="abc", qop="auth", algorithm=SHA-256', "m%C3%A9"),
        (digest_is_right, 'digest realm="cam", nonce="abc"', "m%C3%A9"),
    ],
)
def test_the_password_in_the_address_opens_it(check, challenge, user):
    with serving(lambda handler: authorized(handler, check, challenge)) as address:
        with HttpClient(address.with_user(user, "s%3Ae%2Fc") + "/a?b", timeout=10, most_bytes=1 << 20) as client:
            for _ in range(3):
                assert client.get().startswith(b"\xff\xd8")
        assert len(address.paths) == 4  # asked for once
        assert not any("@" in path for path in address.paths)
        wrong = HttpClient(address.with_user(user, "other"), timeout=10, most_bytes=1 << 20)
        with wrong, pytest.raises(SourceError, match="401"):
            wrong.get()


def test_a_camera_with_a_password_is_watched():
    def answer(handler):
        return authorized(handler, lambda given: given == "Basic bWU6aGlkZGVu", 'Basic realm="cam"')

    with serving(answer) as address:
        source = LiveSource(address.with_user("me", "hidden") + "/snap.jpg", SLOW)
        assert len(fresh(islice(source, 1000), 4)) == 4
        assert "hidden" not in source.name


@pytest.mark.parametrize(
    "place", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/", "data:image/png,x"]
)
def test_a_server_that_sends_on_to_what_is_not_http_is_not_followed(place):
    with serving(lambda _: (302, {"Location": place}, b"")) as address:
        with (
            HttpClient(address.url, timeout=10, most_bytes=1 << 20) as client,
            pytest.raises(SourceError, match="sends on"),
        ):
            client.get()
        with LiveSource(address.url, CaptureSettings(give_up_after=1)) as source, pytest.raises(SourceError):
            list(islice(source, 500))


def test_another_host_is_not_told_the_password():
    with (
        serving(lambda handler: authorized(handler, bool, 'Basic realm="x"')) as stranger,
        serving(lambda _: (302, {"Location": f"{stranger.url}/x"}, b"")) as address,
        HttpClient(address.with_user("me", "hidden"), timeout=10, most_bytes=1 << 20) as client,
        pytest.raises(SourceError, match="401"),
    ):
        client.get()
    assert stranger.paths == ["/x"]
    assert "Authorization" not in stranger.headers[0]


def test_a_way_around_is_followed_but_not_in_circles():
    def answer(handler):
        if handler.path == "/circle":
            return 302, {"Location": "/circle"}, b""
        if handler.path == "/here":
            return 200, {"Content-Type": "image/jpeg"}, jpeg(50)
        return 301, {"Location": "here"}, b""

    with serving(answer) as address:
        assert len(fresh(islice(LiveSource(f"{address.url}/there", SLOW), 1000), 3)) == 3
        client = HttpClient(f"{address.url}/circle", timeout=10, most_bytes=1 << 20)
        with client, pytest.raises(SourceError, match="without end"):
            client.get()


def test_what_is_too_large_or_without_end_is_refused():
    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(bytes(1 << 16))

    with (
        serving(endless) as address,
        HttpClient(address.url, timeout=10, most_bytes=1 << 20) as client,
        pytest.raises(SourceError, match="larger than 1 MB"),
    ):
        client.get()


def test_damaged_pictures_are_left_out_and_counted():
    whole, number = jpeg(120), iter(range(10_000))

    def answer(_):
        body = whole if next(number) % 3 else whole[: len(whole) // 2]
        return 200, {"Content-Type": "image/jpeg"}, body

    with serving(answer) as address, LiveSource(address.url, SLOW) as source:
        frames = fresh(islice(source, 1000), 12)
        assert source.counts.damaged >= 3
        assert source.counts.stalls == source.counts.reconnects == 0
    assert all(frame.image.mean() == pytest.approx(120, abs=2) for frame in frames)


def test_a_camera_of_pictures_that_fails_is_tried_again():
    broken = threading.Event()

    def answer(_):
        return (503, {}, b"") if broken.is_set() else (200, {"Content-Type": "image/jpeg"}, jpeg(60))

    with serving(answer) as address, LiveSource(address.url, SLOW) as source:
        frames = iter(source)
        until_fresh_again(source, frames)
        broken.set()
        for _ in range(600):
            if source.state.phase == "retrying":
                break
            next(frames)
        assert "the server has failed" in source.state.reason
        broken.clear()
        until_fresh_again(source, frames)
        assert source.counts.reconnects == 1
        frames.close()


def test_a_camera_of_pictures_that_is_slow_is_no_stall():
    def answer(_):
        time.sleep(1.2)
        return 200, {"Content-Type": "image/jpeg"}, jpeg(60)

    with serving(answer) as address, LiveSource(address.url, CaptureSettings(stall_timeout=1, fps=20)) as source:
        assert len(fresh(islice(source, 1000), 4)) == 4
        assert source.counts.stalls == 0
