"""The visitor's own camera: pictures that a browser sends."""

from __future__ import annotations

import random
import struct

import cv2
import pytest

from streamcam.errors import SourceError
from streamcam.sources.live.browser import BrowserSource, decode


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
