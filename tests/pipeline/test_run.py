"""The loop of a whole run: no frame lost, errors of any stage, an interrupt."""

from __future__ import annotations

import numpy as np
import pytest
from makers import clips, models

from streamcam import Frame, GradCAM, run, wrap_model


class Collect:
    """A sink that keeps what it gets, and fails at a frame if told to."""

    def __init__(self, fail_at=None):
        self.frames, self.fail_at = [], fail_at

    def write(self, frame, explanation):
        if frame.index == self.fail_at:
            raise OSError("full")
        self.frames.append((frame, explanation))


@pytest.fixture(scope="module")
def explain():
    return GradCAM(wrap_model(models.flat().model), precision="f32", in_flight=2)


def make_frames(count, fail_at=None):
    for i in range(count):
        if i == fail_at:
            raise ValueError("broken source")
        yield Frame(clips.picture(i, 96, 96), i, i / 30)


def test_no_frame_is_lost_and_the_order_is_kept(explain):
    sink, seen = Collect(), []
    assert run(make_frames(200), explain, [sink], progress=seen.append) == 200
    assert [frame.index for frame, _ in sink.frames] == list(range(200)) == [frame.index for frame in seen]
    for frame, explanation in sink.frames[::37]:
        assert explanation.index == frame.index
        np.testing.assert_allclose(
            explanation.probabilities, explain(clips.picture(frame.index, 96, 96)).probabilities, atol=1e-5
        )


def test_every_nth_frame_is_explained_and_its_map_carried(explain):
    sink = Collect()
    run(make_frames(10), explain, [sink], every=4)
    assert [explanation.index for _, explanation in sink.frames] == [0, 0, 0, 0, 4, 4, 4, 4, 8, 8]


@pytest.mark.parametrize(("source_fails", "sink_fails", "error"), [(30, None, ValueError), (None, 30, OSError)])
def test_errors_of_any_stage_come_out(explain, source_fails, sink_fails, error):
    sink = Collect(sink_fails)
    with pytest.raises(error):
        run(make_frames(10_000, source_fails), explain, [sink])
    assert [frame.index for frame, _ in sink.frames] == list(range(30))


def test_an_interrupt_stops_all_stages(explain):
    def stop(frame):
        if frame.index == 20:
            raise KeyboardInterrupt

    sink = Collect()
    with pytest.raises(KeyboardInterrupt):
        run(make_frames(10_000), explain, [sink], progress=stop)
    assert len(sink.frames) == 21
    assert len(list(explain.stream(make_frames(3)))) == 3  # the explainer is as good as before
