"""Sending on what is shown: a receiver that fails, comes back, or is slow."""

from __future__ import annotations

import logging
import threading

import numpy as np
import pytest

from streamcam import Frame
from streamcam.errors import SinkError
from streamcam.live.sender import Sender


class Receiver:
    """A connection that fails when a test says so."""

    name = "rtsp://there/hall"

    def __init__(self, refuses=""):
        self.refuses = refuses
        self.failure, self.frames, self.lost, self.times, self.shapes, self.closed = None, 0, 0, [], [], False

    def write(self, frame, explanation):
        if self.refuses:
            self.fail(self.refuses)
        if self.failure:
            self.lost += 1
            return
        self.frames += 1
        self.times.append(frame.time)
        self.shapes.append(frame.image.shape)

    def fail(self, why):
        self.failure = SinkError(f"{self.name}: nothing is sent any more ({why})")

    def close(self):
        self.closed = True


@pytest.fixture
def sending():
    made, now, fates = [], [0.0], []

    def connect():
        made.append(Receiver(fates.pop(0) if fates else ""))
        return made[-1]

    sender = Sender(connect, lambda: now[0])
    count = [0]

    def show(seconds, *, fresh=True, size=(48, 64)):
        for _ in range(round(10 * seconds)):
            now[0] += 0.1
            sender.write(Frame(np.zeros((*size, 3), np.uint8), count[0], 100 + now[0], fresh), None)
            count[0] += 1

    show.fates = fates
    with sender:
        yield sender, made, show


def test_frames_are_sent_with_times_from_the_first_fresh_one_on(sending):
    sender, made, show = sending
    show(1, fresh=False)
    assert not made
    show(2)
    show(1, fresh=False)
    sender.close()
    [receiver] = made
    assert receiver.times == pytest.approx([step / 10 for step in range(30)])
    assert receiver.closed
    assert (sender.sent, sender.lost, sender.failure) == (30, 0, None)


def test_a_receiver_that_fails_is_tried_again_and_said_once(sending, caplog):
    caplog.set_level(logging.INFO, logger="streamcam")
    sender, made, show = sending
    show.fates += ["refused"] * 4 + ["unknown"]
    show(1.5)
    assert sender.failure
    show(60)
    assert len(made) == 6
    assert sender.failure is None
    assert [record.getMessage() for record in caplog.records] == [
        "rtsp://there/hall: nothing is sent any more (refused); trying again, and the session goes on",
        "rtsp://there/hall: nothing is sent any more (unknown); trying again, and the session goes on",
        "rtsp://there/hall: is sent to again",
    ]
    assert sender.sent + sender.lost == 615
    assert sender.sent > 200
    sender.close()
    assert all(receiver.closed for receiver in made)


def test_a_picture_of_another_size_goes_over_a_connection_of_its_own(sending):
    _sender, made, show = sending
    show(1)
    show(1, size=(64, 48))
    assert [set(receiver.shapes) for receiver in made] == [{(48, 64, 3)}, {(64, 48, 3)}]
    assert made[1].times[0] == 0


def test_a_receiver_that_hangs_at_its_end_does_not_hold_the_session_up(sending):
    _sender, made, show = sending
    show(1)
    released = threading.Event()
    made[0].close = released.wait
    made[0].fail("it takes no pictures")
    show(5)  # comes back at once
    assert len(made) == 2
    released.set()


def test_a_failure_at_the_end_stays(sending):
    sender, made, show = sending
    show(1)
    made[0].fail("gone")
    sender.close()
    assert "gone" in str(sender.failure)
