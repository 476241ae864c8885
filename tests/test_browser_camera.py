"""The visitor's own camera: pictures that a browser sends."""

from __future__ import annotations

import random
import struct
import threading

import cv2
import pytest
from makers.servers import Serving, closed_with

from streamcam.errors import SourceError
from streamcam.sources.live.browser import BrowserSource, decode


def test_a_browsers_pictures_are_explained_for_that_browser_only(cat):
    jpeg = cv2.imencode(".jpg", cat)[1].tobytes()
    with Serving("browser", "--size", "96") as serving:
        assert serving.get("/stream.mjpg")[0] == 404
        stop = threading.Event()
        with serving.talk() as owner, serving.talk() as other:

            def feed():
                while not stop.wait(0.05):
                    owner.socket.send(jpeg)

            thread = threading.Thread(target=feed)
            thread.start()
            try:
                header = owner.explained()
                assert 281 <= header["top"][0][0] <= 287  # a cat
                other.hear("welcome")
                with pytest.raises(TimeoutError):
                    other.picture(seconds=2)
                other.socket.send(jpeg)
                assert other.hear("busy") is True
            finally:
                stop.set()
                thread.join()
            owner.socket.close()
            serving.wait(lambda: serving.metric("streamcam_viewers") == 1)
            other.socket.send(jpeg)
            assert other.hear("busy") is False
        with serving.talk() as bad:
            bad.hear("welcome")
            bad.socket.send(jpeg[:50])
            assert closed_with(bad) == 1008


def test_pictures_that_are_none_or_too_large_are_refused_before_they_are_decoded(cat):
    good = cv2.imencode(".jpg", cat)[1].tobytes()
    assert decode(good).shape == cat.shape
    at = good.index(b"\xff\xc0")
    bomb = good[: at + 5] + b"\xff\xff\xff\xff" + good[at + 9 :]
    png = cv2.imencode(".png", cat)[1].tobytes()
    for wrong in (b"", b"\xff\xd8", bomb, png, good[:100], b"\xff\xd8" + b"\xff\xe0\x00\x00" * 1000, b"\0" * (1 << 21)):
        with pytest.raises(SourceError, match="picture"):
            decode(wrong)
    random_ = random.Random(8)
    source = BrowserSource()
    for _ in range(300):
        damaged = bytearray(good)
        for _ in range(20):
            damaged[random_.randrange(len(damaged))] = random_.randrange(256)
        try:
            source.feed(bytes(damaged))
        except SourceError:
            continue


@pytest.mark.parametrize("fill", [b"\xff", b"\xff\xd0", b"\xff\x01"])
def test_a_picture_with_two_sizes_is_refused(cat, fill):
    jpeg = cv2.imencode(".jpg", cat)[1].tobytes()
    small = b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", 64, 64) + bytes(10)
    hidden = jpeg[:2] + fill + b"\xff\xe5" + struct.pack(">H", len(small) + 2) + small + jpeg[2:]
    assert decode(jpeg).shape == cat.shape
    with pytest.raises(SourceError, match="no JPEG"):
        decode(hidden)
