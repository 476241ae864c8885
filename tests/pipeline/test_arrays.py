"""Sources and sinks for everybody: arrays in, functions out."""

from __future__ import annotations

import traceback
from fractions import Fraction

import numpy as np
import pytest

import streamcam
from streamcam.errors import OptionError


class Counting:
    """An explainer that says how bright a picture is."""

    labels = ("dark", "bright")
    in_flight = 1

    def start(self, frame, targets=None):
        bright = np.float32(frame.image.mean() / 255)
        said = np.array([1 - bright, bright], np.float32)
        region = streamcam.Region(0, 0, frame.image.shape[1], frame.image.shape[0])
        maps, classes = np.ones((1, 2, 2), np.float32), np.array([1], np.int32)
        return lambda: streamcam.Explanation(maps, classes, said[1:], said, region, frame.index, frame.time)

    def describe(self):
        return {"model": "brightness"}


def pictures(count=6, height=48, width=64):
    for number in range(count):
        yield np.full((height, width, 3), (10, 20 * number, 200), np.uint8)


def test_arrays_and_a_function_are_a_source_and_a_sink():
    got = []
    count = streamcam.run(pictures(), Counting(), lambda frame, explanation: got.append((frame, explanation)))
    assert count == len(got) == 6
    assert [frame.index for frame, _ in got] == list(range(6))
    assert [frame.time for frame, _ in got] == pytest.approx([n / 30 for n in range(6)])
    assert all(explanation.index == frame.index for frame, explanation in got)


def test_a_list_a_stack_and_a_generator_are_the_same(tmp_path):
    stack = np.stack(list(pictures()))
    seen = []
    for given in (list(stack), stack, pictures(), streamcam.frames(stack)):
        got = []
        streamcam.run(given, Counting(), [lambda frame, explanation, got=got: got.append(frame.image.copy())])
        seen.append(np.stack(got))
    assert all((one == seen[0]).all() for one in seen[1:])


def test_frames_have_a_rate_an_order_and_a_size(tmp_path):
    rgb = [picture[..., ::-1] for picture in pictures()]
    with (
        streamcam.frames(rgb, fps=30000 / 1001, order="rgb") as source,
        streamcam.VideoSink(tmp_path / "out.mp4", source.info) as sink,
    ):
        assert (source.info.width, source.info.height) == (64, 48)
        assert source.info.frame_rate == Fraction(30000, 1001)
        first = next(iter(source))
        assert (first.image == next(pictures())).all()
        assert streamcam.run(source, Counting(), sink) == 5
    with streamcam.VideoSource(tmp_path / "out.mp4") as written:
        assert written.info.frame_count == 5
        assert written.info.frame_rate == Fraction(30000, 1001)


def test_nothing_is_a_source_of_no_frames():
    with streamcam.frames([]) as source:
        assert streamcam.run(source, Counting(), []) == 0
    assert streamcam.run([], Counting(), []) == 0


def test_a_generator_is_closed_however_it_ends():
    closed = []

    def camera():
        try:
            while True:
                yield np.zeros((48, 64, 3), np.uint8)
        finally:
            closed.append(True)

    class Enough(Exception):
        pass

    def sink(frame, explanation):
        if frame.index == 3:
            raise Enough

    for given in (camera(), streamcam.frames(camera())):
        with pytest.raises(Enough):
            streamcam.run(given, Counting(), sink)
        if isinstance(given, streamcam.sources.arrays.ArraySource):
            given.close()
    assert closed == [True, True]


def test_an_error_in_a_sink_comes_back_with_its_own_traceback():
    def written_to_my_database(frame, explanation):
        raise KeyError("no such row")

    with pytest.raises(KeyError, match="no such row") as caught:
        streamcam.run(pictures(), Counting(), written_to_my_database)
    assert "written_to_my_database" in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([None], "None, which is what cv2.imread gives"),
        (["clip.mp4"], "clip.mp4: a path is no image"),
        ([np.zeros((4, 4), np.uint8)], r"not \(4, 4\) uint8"),
        ([np.zeros((4, 4, 3))], "float64"),
    ],
)
def test_what_is_no_frame_is_named(given, said):
    with pytest.raises(OptionError, match=said):
        streamcam.run(given, Counting(), [])
    with pytest.raises(OptionError, match=said), streamcam.frames(given) as source:
        streamcam.run(source, Counting(), [])


def test_what_is_no_sink_or_no_rate_is_named(tmp_path):
    with pytest.raises(OptionError, match="str: is no sink"):
        streamcam.run(pictures(), Counting(), ["out.mp4"])
    for wrong in ("in.mp4", 5, None):
        with pytest.raises(OptionError, match=r"is no source|is no iterable"):
            streamcam.run(wrong, Counting(), [])
        with pytest.raises(OptionError, match=r"is no source|is no iterable"):
            streamcam.frames(wrong)
    with pytest.raises(OptionError, match="str: is no explainer"):
        streamcam.run(pictures(), "efficientnet-lite0", [])
    for wrong in ({"fps": 0}, {"fps": float("nan")}, {"order": "rbg"}):
        with pytest.raises(OptionError, match=next(iter(wrong))):
            streamcam.frames(pictures(), **wrong)
