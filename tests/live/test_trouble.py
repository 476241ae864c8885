"""Why there is no picture, said to whoever sees no window."""

from __future__ import annotations

import logging

import pytest
from makers import clips

from streamcam.live.stats import Stats
from streamcam.live.trouble import TroubleTeller
from streamcam.source_state import SourceCounts, SourceState
from streamcam.types import VideoInfo


class Feed:
    """A source whose state a test sets."""

    name = "the camera"
    info = VideoInfo(64, 48, 30, live=True)
    now = 1.0

    def __init__(self):
        self.state, self.counts = SourceState("connecting"), SourceCounts()


@pytest.fixture
def told(caplog):
    caplog.set_level(logging.INFO, logger="streamcam")
    feed, now = Feed(), [0.0]
    teller, stats = TroubleTeller(feed, lambda: now[0]), Stats(feed)
    [fresh] = clips.frames(1)
    stale = type(fresh)(fresh.image, 0, 0.0, fresh=False)

    def pass_by(seconds, state, *, pictures=False):
        """So many seconds with ten frames each; the lines that they bring."""
        feed.state = state
        caplog.clear()
        for _ in range(round(10 * seconds)):
            now[0] += 0.1
            for writer in (teller, stats):
                writer.write(fresh if pictures else stale, None)
        return [record.getMessage() for record in caplog.records]

    pass_by.stats = stats
    return pass_by


REFUSED, MISSING = "the connection was refused", "it is not there"


def test_each_reason_is_said_once_and_the_end_of_it(told):
    assert told(0.8, SourceState("retrying", REFUSED, 1)) == []  # that may be over in a moment
    assert told(1, SourceState("retrying", REFUSED, 2)) == [f"the camera: no picture: {REFUSED}; trying again"]
    for attempt in range(3, 20):
        assert told(1, SourceState("retrying", REFUSED, attempt)) == []
    assert told(1, SourceState("retrying", MISSING, 20)) == [f"the camera: no picture: {MISSING}; trying again"]
    assert told(2, SourceState("live"), pictures=True) == ["the camera: pictures come"]
    assert told(2, SourceState("live", "nothing whole comes")) == ["the camera: no picture: nothing whole comes"]


def test_a_camera_that_comes_and_goes_does_not_flood(told):
    lines = []
    for attempt in range(30):
        lines += told(1.5, SourceState("retrying", REFUSED, attempt))
        lines += told(0.5, SourceState("live"), pictures=True)
    assert len(lines) <= 4  # in a minute
    told(40, SourceState("live"), pictures=True)
    assert told(2, SourceState("retrying", REFUSED, 1))  # much later it is worth a line again


def test_nothing_is_said_where_all_is_well(told):
    assert told(2, SourceState("connecting")) == []
    assert told(5, SourceState("live"), pictures=True) == []
    assert told(5, SourceState("live")) == []
    assert told(5, SourceState("ended")) == []


def test_the_counts_tell_how_it_is_and_what_was_wrong(told):
    told(1, SourceState("retrying", REFUSED, 1))
    told(1, SourceState("retrying", REFUSED, 2))
    told(1, SourceState("retrying", MISSING, 3))
    data = told.stats.to_json()
    assert (data["phase"], data["reason"]) == ("retrying", MISSING)
    assert data["troubles"] == {REFUSED: 2, MISSING: 1}
    told(1, SourceState("live"), pictures=True)
    data = told.stats.to_json()
    assert (data["phase"], data["reason"]) == ("live", "")
    for number in range(100):
        told(0.1, SourceState("retrying", f"reason {number}", 1))
    assert len(told.stats.to_json()["troubles"]) <= 20
