"""Sliding clips: which frames they hold, and what a frame is given of them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from streamcam.errors import OptionError, SourceError
from streamcam.pipeline.clips import explained_clips
from streamcam.pipeline.following import NewestClip
from streamcam.pipeline.run import lossless, newest_frame, run
from streamcam.pipeline.sampling import Sampling, sampling_of
from streamcam.steady.heat import steadied
from streamcam.types import ClipExplanation, Frame, Region

CLASSES = 3


class Brightness:
    """Says of a clip that the class is the one whose turn it is by its first frame, and shows how bright each frame is."""

    labels = ("a", "b", "c")
    in_flight = 1

    def __init__(self, sampling):
        self.sampling, self.asked = sampling, []

    def describe(self):
        return {"model": "brightness"}

    def start(self, frame, targets=None):
        raise AssertionError("clips are asked about")

    def see(self, frame):
        return frame

    def start_clip(self, clip, targets=None):
        best = int(clip[0].image[0, 0, 1]) % CLASSES
        index = best if targets is None else int(targets[0])
        self.asked.append((clip[0].index, targets))
        probabilities = np.full(CLASSES, 0.1, np.float32)
        probabilities[best] = 0.8
        maps = np.array([[[[one.image[0, 0, 0] * (1 + index)]] for one in clip]], np.float32)

        def finish():
            return ClipExplanation(
                maps, np.array([index], np.int32), np.array([-1], np.int32), np.array([False]),
                probabilities[[index]], probabilities, np.array([0.5], np.float32), 0.5, Region(0, 0, 8, 8),
                np.array([one.index for one in clip]), np.array([one.time for one in clip]),
            )  # fmt: skip

        return finish


def frames(count, *, cut=(), turn=lambda index: 0, fps=30):
    """Each as bright as its number says; after a cut, another picture."""
    made, shot = [], 0
    random = np.random.default_rng(0)
    noise = [random.integers(0, 256, (48, 64, 3), np.uint8) for _ in range(4)]
    for index in range(count):
        shot += index in cut
        image = noise[shot].copy()
        image[0, 0] = index + 1, turn(index), 0
        made.append(Frame(image, index, float(Fraction(index, fps))))
    return made


def shown(given):
    return [None if explanation is None else float(explanation.heatmaps[0, 0, 0]) for _, explanation in given]


@pytest.mark.parametrize("hop", [1, 2, 4])
def test_each_frame_has_the_evidence_of_its_own_moment(hop):
    explain = Brightness(Sampling(4, hop=hop))
    given = list(explained_clips(frames(11), explain, names_one=False))
    assert [frame.index for frame, _ in given] == list(range(11))
    assert shown(given) == [index + 1 for index in range(11)]
    assert len(explain.asked) == {1: 8, 2: 5, 4: 3}[hop]  # the last one ends with the last frame
    for frame, explanation in given:
        assert (explanation.index, explanation.time) == (frame.index, frame.time)
        assert frame.index in explanation.clip.indices


def test_frames_between_samples_have_the_moment_of_the_one_before():
    given = list(explained_clips(frames(13), Brightness(Sampling(3, stride=3)), names_one=True))
    assert shown(given) == [3 * (index // 3) + 1 for index in range(13)]
    assert [explanation.index for _, explanation in given] == [3 * (index // 3) for index in range(13)]


def test_a_frame_that_is_shown_for_longer_is_looked_at_several_times():
    explain = Brightness(Sampling(4, fps=60))
    given = list(explained_clips(frames(6), explain, names_one=False))
    assert shown(given) == [1, 2, 3, 4, 5, 6]
    assert given[2][1].clip.indices.tolist() in ([1, 1, 2, 2], [1, 2, 2, 3], [2, 2, 3, 3])


def test_samples_are_numbered_by_the_source_wherever_reading_begins():
    for sampling in (Sampling(4, stride=2, hop=2), Sampling(4, fps=12.5, hop=3)):
        explain = Brightness(sampling)
        whole = list(explained_clips(frames(60), explain, names_one=True))
        part = list(explained_clips(frames(60)[21:], Brightness(sampling), names_one=True))
        begin = 2 * sampling.span(30)
        assert shown(part)[begin:] == shown(whole)[21 + begin :]
        clips = [explanation.clip.indices.tolist() for _, explanation in whole[21 + begin :]]
        assert [explanation.clip.indices.tolist() for _, explanation in part[begin:]] == clips


def test_no_clip_reaches_across_a_cut():
    explain = Brightness(Sampling(4))
    given = list(explained_clips(frames(17, cut=(7, 10)), explain, names_one=False))
    for frame, explanation in given:
        shot = range(7) if frame.index < 7 else range(7, 10) if frame.index < 10 else range(10, 17)
        if shot == range(7, 10):
            assert explanation is None  # shorter than a clip: nothing is known of it
        else:
            assert set(explanation.clip.indices.tolist()) <= set(shot)
    assert len(given) == 17


def test_one_class_is_explained_of_a_frame_that_clips_name_differently():
    explain = Brightness(Sampling(4))
    given = list(explained_clips(frames(12, turn=lambda index: index // 4), explain, names_one=True))
    for frame, explanation in given:
        holding = [first for first in range(9) if first <= frame.index < first + 4]
        average = np.mean([np.eye(CLASSES)[first // 4 % CLASSES] for first in holding], axis=0)
        index = int(explanation.classes[0])
        assert average[index] == average.max()
        assert explanation.probabilities[index] == explanation.probabilities.max()
        assert float(explanation.heatmaps[0, 0, 0]) == pytest.approx((frame.index + 1) * (1 + index))


def test_a_video_that_is_too_short_is_refused_in_one_line():
    with pytest.raises(SourceError, match="too short for a video classifier: 3 frames, without a clip of 4"):
        list(explained_clips(frames(3), Brightness(Sampling(4)), names_one=False))


def test_an_error_of_the_source_comes_after_the_frames_before_it():
    def broken():
        yield from frames(6)
        raise SourceError("damaged")

    given = []
    with pytest.raises(SourceError, match="damaged"):
        for one in explained_clips(broken(), Brightness(Sampling(4)), names_one=False):
            given.append(one)
    assert len(given) == 6


def test_a_frame_waits_for_no_more_clips_than_hold_it():
    explain, given = Brightness(Sampling(5)), 0
    again = (Frame(one.image, index, index / 30) for index, one in enumerate(frames(6) * 200))
    for _ in explained_clips(again, explain, names_one=False):
        given += 1
        assert len(explain.asked) - given <= 1
    assert given == 1200


def test_the_loop_draws_writes_and_refuses_to_leave_out_frames():
    class Writer:
        def __init__(self):
            self.given = []

        def write(self, frame, explanation):
            self.given.append((frame.index, explanation))

    writer = Writer()
    assert run(iter(frames(9)), Brightness(Sampling(4)), [writer], steady=steadied) == 9
    assert [index for index, _ in writer.given] == list(range(9))
    assert all(explanation.heat is not None for _, explanation in writer.given)
    with pytest.raises(OptionError, match="--clip-hop"):
        run(iter(frames(9)), Brightness(Sampling(4)), [writer], every=3, policy=lossless)


def test_the_newest_clip_waits_for_enough_frames_and_forgets_them_at_a_cut():
    newest = NewestClip(Sampling(3, stride=2))
    found = []
    for frame in frames(14, cut=(8,)):
        newest.add(frame, lambda one: one.index)
        clip = newest.clip()
        found.append(clip and clip[1])
    assert found[:4] == [None] * 4
    assert found[4:8] == [[0, 2, 4], [0, 2, 4], [2, 4, 6], [2, 4, 6]]
    assert found[8:12] == [None] * 4
    assert found[12] == [8, 10, 12]


def test_live_frames_pass_while_there_is_no_clip():
    class Refusing(Brightness):
        def start_clip(self, clip, targets=None):
            assert len(clip) == 4
            raise ZeroDivisionError  # asked at last

    given = []
    with pytest.raises(ZeroDivisionError):
        for one in newest_frame(slow(40), Refusing(Sampling(4)), 1, None, lambda stream: stream):
            given.append(one)
    assert len(given) >= 3
    assert all(explanation is None for _, explanation in given)


def slow(count):
    import time

    for frame in frames(count):
        time.sleep(0.03)
        yield frame


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ((16, 15.0, None, None, 1), Sampling(16, 1, 15.0, 1)),
        ((16, 15.0, 2, None, 4), Sampling(16, 2, None, 4)),
        ((8, None, None, None, 1), Sampling(8, 1, None, 1)),
        ((8, None, None, 10.0, 8), Sampling(8, 1, 10.0, 8)),
    ],
)
def test_what_was_trained_on_is_the_default(wanted, found):
    assert sampling_of(*wanted) == found
