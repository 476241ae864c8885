"""Whose camera is looked at, and when the others are."""

from __future__ import annotations

from streamcam.sources.live.browser import BrowserSource
from streamcam.web.feed import BrowserFeed, Turn


class Queue:
    def __init__(self, turn=60.0):
        self.now = 0.0
        self.feed = BrowserFeed(BrowserSource(), turn, clock=lambda: self.now)

    def at(self, now, *senders):
        """All of them have a picture; their turns."""
        self.now = now
        turns = []
        for sender in senders:
            turns.append(self.feed.turn_of(sender))
            if turns[-1].place == 0:
                self.feed._last_picture = now
        return turns


def test_whoever_is_alone_stays():
    queue = Queue()
    for second in range(200):
        assert queue.at(second, "ann") == [Turn()]


def test_others_wait_in_order_and_know_for_how_long():
    queue = Queue()
    assert queue.at(0, "ann", "bob", "cem") == [Turn(), Turn(1, 60), Turn(2, 120)]
    for second in range(1, 60):
        assert queue.at(second, "ann", "bob", "cem") == [Turn(), Turn(1, 60 - second), Turn(2, 120 - second)]
    assert queue.at(60, "ann", "bob", "cem")[1:] == [Turn(), Turn(1, 60)]
    assert queue.at(61, "ann", "bob", "cem") == [Turn(2, 119), Turn(), Turn(1, 59)]


def test_who_goes_away_keeps_nobody_waiting():
    queue = Queue()
    queue.at(0, "ann", "bob", "cem")
    queue.feed.release("ann")
    assert queue.at(1, "cem", "bob") == [Turn(2, 60), Turn()]
    queue.at(2, "cem")
    assert queue.at(4.5, "cem") == [Turn()]  # bob is silent


def test_a_turn_does_not_end_while_nobody_waits():
    queue = Queue()
    for second in range(100):
        queue.at(second, "ann")
    assert queue.at(100, "bob", "ann") == [Turn(1, 0), Turn(2, 60)]
    assert queue.at(101, "bob") == [Turn()]
