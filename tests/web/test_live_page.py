"""Whether a live page is healthy."""

from __future__ import annotations

from streamcam.drawing.overlay import Overlay
from streamcam.live.controls import Controls
from streamcam.web.access import AccessKeys
from streamcam.web.audience import Audience
from streamcam.web.defaults import PageDefaults
from streamcam.web.doors import Doors
from streamcam.web.live_page import LivePage
from streamcam.web.page import PageSink
from streamcam.web.state import PageState


def test_what_hangs_feeds_no_watchdog():
    sink = PageSink(Controls(Overlay(())))
    page = LivePage(
        sink,
        PageState(Controls(Overlay(())), PageDefaults(), ("en",)),
        Audience(1, 1e6),
        AccessKeys(None, open_to_visitors=True),
        doors=Doors(8),
    )
    assert page.is_healthy
    sink.last_received -= 11  # no frame has come for so long
    assert not page.is_healthy
    sink.last_received += 11
    with page.audience.admit():
        page.audience.last_admitted -= 31
        sink.last_painted -= 31  # somebody looks on, and is shown nothing
        assert not page.is_healthy
    assert page.is_healthy
