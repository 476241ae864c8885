"""What is said of how far it is."""

from __future__ import annotations

from streamcam.cli.progress import Pace, line_of


def test_preparation_does_not_count():
    pace = Pace()
    assert line_of("a.mp4", 0, 300, pace, now=5.0) == "a.mp4: preparing"
    assert line_of("a.mp4", 1, 300, pace, now=30.0) == "a.mp4: 1 of 300 frames"
    assert line_of("a.mp4", 3, 300, pace, now=30.1) == "a.mp4: 3 of 300 frames"  # too soon to tell
    assert line_of("a.mp4", 101, 300, pace, now=40.0) == "a.mp4: 101 of 300 frames, 10.0 fps, 20 s left"


def test_a_file_of_unknown_length_has_a_speed_and_no_end():
    pace = Pace()
    line_of("a.mkv", 1, None, pace, now=0.0)
    assert line_of("a.mkv", 21, None, pace, now=2.0) == "a.mkv: 21 frames, 10.0 fps"


def test_more_frames_than_promised_leave_nothing():
    pace = Pace()
    pace.speed(10, 0.0)
    assert pace.left(40, 30, 3.0) == 0


def test_several_are_counted_from_the_first_that_was_done():
    files = Pace()
    assert files.left(1, 60, 25.0) is None  # with all that had to be prepared
    assert files.left(11, 60, 30.0) == 24.5
