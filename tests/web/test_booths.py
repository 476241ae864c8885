"""Visitors' own sessions begin with their pictures and end with their turn."""

from __future__ import annotations

import threading

import cv2
import pytest

from streamcam.drawing.overlay import Overlay
from streamcam.live.controls import Controls
from streamcam.web.access import AccessKeys
from streamcam.web.audience import Audience
from streamcam.web.booths import Booth
from streamcam.web.defaults import PageDefaults
from streamcam.web.doors import Doors
from streamcam.web.live_page import LivePage
from streamcam.web.page import PageSink
from streamcam.web.state import PageState


@pytest.fixture
def page():
    controls = Controls(Overlay(("a", "b")))
    state = PageState(controls, PageDefaults(), ("en",))
    return LivePage(
        PageSink(controls), state, Audience(1, 1e6), AccessKeys(None, open_to_visitors=True), doors=Doors(8)
    )


@pytest.fixture
def jpeg(cat):
    return cv2.imencode(".jpg", cat)[1].tobytes()


def test_a_session_ends_however_soon_its_turn_does(page, jpeg):
    began, ended = threading.Semaphore(0), threading.Semaphore(0)

    def run(_, source):
        began.release()
        with source:
            for _ in source:
                pass
        ended.release()

    booth = Booth(page, run)
    for _ in range(20):
        booth.feed(jpeg)
        booth.rest()  # perhaps before the session has begun
        assert not booth.is_running
    for _ in range(20):
        assert began.acquire(timeout=10)
        assert ended.acquire(timeout=10)


def test_an_error_of_one_session_is_counted_and_the_next_begins(page, jpeg, caplog):
    over = threading.Event()

    def run(_, source):
        if not over.is_set():
            over.set()
            raise RuntimeError("no luck")
        with source:
            for _ in source:
                pass

    booth = Booth(page, run)
    booth.feed(jpeg)
    assert over.wait(10)
    for _ in range(1000):
        if not booth.is_running:
            break
        threading.Event().wait(0.01)
    assert page.state.failures == 1
    assert "no luck" in caplog.text
    booth.feed(jpeg)
    assert booth.is_running
    booth.rest()
