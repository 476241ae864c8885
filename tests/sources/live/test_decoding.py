"""Pictures from somebody who is not trusted."""

from __future__ import annotations

import random
import struct
import zlib

import cv2
import numpy as np
import pytest

from streamcam.errors import SourceError
from streamcam.sources.live.browser import BrowserSource
from streamcam.sources.live.decoding import decode

LIMITS = {"most_bytes": 1 << 20, "most_pixels": 2560**2, "longest_side": 2560}


@pytest.fixture(scope="module")
def good(cat):
    return cv2.imencode(".jpg", cat)[1].tobytes()


def test_what_is_none_or_too_large_is_refused_before_it_is_decoded(good, cat):
    assert decode(good, **LIMITS).shape == cat.shape
    at = good.index(b"\xff\xc0")
    bomb = good[: at + 5] + b"\xff\xff\xff\xff" + good[at + 9 :]
    png = cv2.imencode(".png", cat)[1].tobytes()
    for wrong in (b"", b"\xff\xd8", bomb, png, good[:100], b"\xff\xd8" + b"\xff\xe0\x00\x00" * 1000, b"\0" * (1 << 21)):
        with pytest.raises(SourceError, match="picture"):
            decode(wrong, **LIMITS)


def test_what_was_cut_off_is_damaged_and_not_half_gray(good, cat):
    png = cv2.imencode(".png", cat)[1].tobytes()
    for whole in (good, png):
        assert decode(whole + bytes(5), png=True, **LIMITS).shape == cat.shape  # some cameras pad
        for share in (0.5, 0.9, 0.999):
            with pytest.raises(SourceError, match="damaged"):
                decode(whole[: int(len(whole) * share)], png=True, **LIMITS)


def test_a_png_is_taken_where_it_is_allowed(cat):
    png = cv2.imencode(".png", cat)[1].tobytes()
    assert (decode(png, png=True, **LIMITS) == cat).all()
    head = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = png[:8] + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head)) + png[33:]
    with pytest.raises(SourceError, match="60000x60000"):
        decode(bomb, png=True, **LIMITS)


def test_noise_in_a_picture_does_no_harm(good):
    random_ = random.Random(8)
    source = BrowserSource()
    taken = 0
    for _ in range(300):
        damaged = bytearray(good)
        for _ in range(20):
            damaged[random_.randrange(len(damaged))] = random_.randrange(256)
        try:
            source.feed(bytes(damaged))
            taken += 1
        except SourceError:
            continue
    assert source.counts.captured == taken


@pytest.mark.parametrize("fill", [b"\xff", b"\xff\xd0", b"\xff\x01"])
def test_a_picture_with_two_sizes_is_refused(good, cat, fill):
    small = b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", 64, 64) + bytes(10)
    hidden = good[:2] + fill + b"\xff\xe5" + struct.pack(">H", len(small) + 2) + small + good[2:]
    assert decode(good, **LIMITS).shape == cat.shape
    with pytest.raises(SourceError, match="no JPEG"):
        decode(hidden, **LIMITS)


def test_a_gray_picture_has_three_channels():
    gray = cv2.imencode(".jpg", np.full((48, 64), 77, np.uint8))[1].tobytes()
    assert decode(gray, **LIMITS).shape == (48, 64, 3)
