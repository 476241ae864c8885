"""Whose cameras are looked at, and when the others are."""

from __future__ import annotations

from streamcam.web.turns import Turn, Turns


class Queue:
    def __init__(self, places=1):
        self.now = 0.0
        self.turns = Turns(places, 60.0, clock=lambda: self.now)

    def at(self, now, *senders):
        """All of them have a picture; their turns."""
        self.now = now
        return [self.turns.of(sender) for sender in senders]


def test_whoever_is_alone_stays():
    queue = Queue()
    for second in range(200):
        assert queue.at(second, "ann") == [Turn()]


def test_others_wait_in_order_and_know_for_how_long():
    queue = Queue()
    assert queue.at(0, "ann", "bob", "cem") == [Turn(), Turn(1, 60), Turn(2, 120)]
    for second in range(1, 60):
        assert queue.at(second, "ann", "bob", "cem") == [Turn(), Turn(1, 60 - second), Turn(2, 120 - second)]
    assert queue.at(60, "ann", "bob", "cem") == [Turn(2, 120), Turn(), Turn(1, 60)]
    assert queue.at(61, "ann", "bob", "cem") == [Turn(2, 119), Turn(), Turn(1, 59)]


def test_several_have_their_turn_at_once():
    queue = Queue(places=2)
    assert queue.at(0, "ann", "bob") == [Turn(), Turn()]
    assert queue.at(1, "cem", "ann", "dan", "bob", "eva") == [Turn(1, 59), Turn(), Turn(2, 59), Turn(), Turn(3, 119)]
    for second in range(2, 60):
        queue.at(second, "ann", "bob", "cem", "dan", "eva")
    assert queue.at(60, "ann", "bob", "cem", "dan", "eva") == [Turn(2, 60), Turn(3, 120), Turn(), Turn(), Turn(1, 60)]


def test_who_goes_away_keeps_nobody_waiting():
    queue = Queue()
    queue.at(0, "ann", "bob", "cem")
    queue.turns.release("ann")
    assert queue.at(1, "cem", "bob") == [Turn(1, 60), Turn()]
    queue.at(2, "cem")
    assert queue.at(4.5, "cem") == [Turn()]  # bob is silent


def test_a_turn_does_not_end_while_nobody_waits():
    queue = Queue()
    for second in range(100):
        queue.at(second, "ann")
    assert queue.at(100, "bob") == [Turn(1, 0)]
    assert queue.at(101, "ann", "bob") == [Turn(1, 60), Turn()]
