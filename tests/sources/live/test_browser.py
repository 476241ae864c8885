"""The visitor's own camera: pictures that a browser sends."""

from __future__ import annotations

import cv2
import pytest

from streamcam.errors import SourceError
from streamcam.sources.live.browser import BrowserSource


def test_the_newest_picture_wins_and_what_is_none_is_refused(cat):
    source = BrowserSource()
    for level in (0, 200):
        image = cat.copy()
        image[:] = level
        source.feed(cv2.imencode(".jpg", image)[1].tobytes())
    for wrong in (b"", cv2.imencode(".png", cat)[1].tobytes(), bytes(1 << 21)):
        with pytest.raises(SourceError, match="picture"):
            source.feed(wrong)
    frames = iter(source)
    frame = next(frames)
    assert frame.fresh
    assert frame.image.mean() == pytest.approx(200, abs=2)
    assert (source.counts.captured, source.counts.dropped) == (2, 1)
    frames.close()
