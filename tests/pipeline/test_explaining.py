"""A stream of frames becomes a stream of explanations, with any explainer."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from makers import clips, models
from makers.explainers import RAW, exact, image

from streamcam import Frame, run, wrap_model
from streamcam.errors import OptionError
from streamcam.pipeline.explaining import explain_frame, explained
from streamcam.pipeline.run import newest_frame
from streamcam.steady.naming import SteadyNaming
from streamcam.types import Explanation, Region


class Brightness:
    """An explainer of one's own: two classes, dark and light, and the evidence is where the picture is light."""

    labels = ("dark", "light")
    in_flight = 2

    def __init__(self):
        self.begun = []

    def start(self, frame, targets=None):
        self.begun.append((frame.index, targets))
        light = frame.image.mean(axis=2, dtype=np.float32)[::8, ::8] / 255
        probabilities = np.array([1 - light.mean(), light.mean()], np.float32)
        chosen = int(probabilities.argmax()) if targets in (None, ("top1",)) else int(targets[0])
        classes = np.array([chosen], np.int32)
        region = Region(0, 0, frame.image.shape[1], frame.image.shape[0])
        explanation = Explanation(
            light[None], classes, probabilities[classes], probabilities, region, frame.index, frame.time
        )
        return lambda: explanation

    def describe(self):
        return {"model": "brightness"}


class Keep:
    def __init__(self):
        self.seen = []

    def write(self, frame, explanation):
        self.seen.append((frame.index, explanation))


def shades(*levels):
    return [Frame(np.full((48, 64, 3), level, np.uint8), i, i / 30) for i, level in enumerate(levels)]


@pytest.mark.parametrize("in_flight", [1, 2, 5])
@pytest.mark.parametrize("every", [1, 3, 7])
def test_streaming_keeps_order_and_carries_explanations(in_flight, every):
    classifier = wrap_model(models.flat().model, preprocessing=RAW)
    explain, single = exact(classifier, in_flight=in_flight), exact(classifier)
    frames = [Frame(image(seed=i), i, i / 30) for i in range(23)]
    streamed = list(explained(iter(frames), explain, every=every))
    assert [frame.index for frame, _ in streamed] == list(range(23))
    for frame, explanation in streamed:
        origin = frame.index - frame.index % every
        assert explanation.index == origin
        np.testing.assert_allclose(explanation.heatmaps, single(frames[origin]).heatmaps, rtol=1e-3, atol=1e-4)


def test_a_stream_can_be_left_early():
    explain = exact(wrap_model(models.flat().model, preprocessing=RAW), in_flight=2)
    for _ in range(20):  # more often than there are requests: each must come back
        stream = explained((Frame(image(seed=i), i, 0.0) for i in range(9)), explain)
        next(stream)
        stream.close()
    assert len(list(explained([Frame(image(), 0, 0.0)], explain))) == 1


def test_an_error_comes_after_the_explanations_of_the_frames_before_it():
    def frames():
        yield from shades(10, 20, 30)
        raise ValueError("broken source")

    seen = []
    with pytest.raises(ValueError, match="broken source"):
        seen.extend(frame.index for frame, _ in _noted(explained(frames(), Brightness()), seen))
    assert [frame.index for frame, _ in seen] == [0, 1, 2]


def _noted(stream, seen):
    for pair in stream:
        seen.append(pair)
    return []


def test_an_explainer_of_ones_own_runs():
    sink = Keep()
    assert run(shades(*[200] * 9), Brightness(), [sink], every=4) == 9
    assert [explanation.index for _, explanation in sink.seen] == [0, 0, 0, 0, 4, 4, 4, 4, 8]
    assert all(explanation.heat.max() == pytest.approx(1) for _, explanation in sink.seen)


@pytest.mark.parametrize("every", [0, -1])
def test_every_must_be_positive(every):
    with pytest.raises(OptionError):
        list(explained(shades(1), Brightness(), every=every))
    with pytest.raises(OptionError):
        run(shades(1), Brightness(), [], every=every, policy=newest_frame)


def test_one_class_stays_named_and_a_change_is_explained_once_more():
    naming, explain = SteadyNaming(), Brightness()
    named = [
        int(explain_frame(explain.start, frame, naming).classes[0])
        for frame in shades(115, 137, 137, 160, 138, 116, 94, 240, 20)  # the last two are cuts
    ]
    assert named == [0, 0, 0, 1, 1, 1, 1, 1, 0]  # of a moment: the third frame is light, and the seventh dark
    assert [index for index, _ in explain.begun] == [0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 8]


def test_the_newest_frame_follows_every_and_naming_too():
    """Each Nth of the fresh frames only is explained, of the class that is named."""
    explain, sink = Brightness(), Keep()
    begun, shown = threading.Semaphore(0), threading.Semaphore(0)
    start = explain.start

    def counted(frame, targets=None):
        finish = start(frame, targets)
        begun.release()
        return finish

    explain.start = counted

    def frames():  # none is dropped: each comes when the one before is shown
        for frame in shades(116, 138, 138, 138, 138, 138, 138):
            yield frame
            assert shown.acquire(timeout=30)
            if frame.index % 3 == 0:
                assert begun.acquire(timeout=30)

    run(
        frames(),
        explain,
        [sink],
        policy=newest_frame,
        naming=SteadyNaming(),
        every=3,
        progress=lambda _: shown.release(),
    )
    assert [index for index, _ in explain.begun] == [0, 3, 6]
    assert [targets for _, targets in explain.begun] == [("top1",), (0,), (0,)]  # dark stays named


def test_live_only_a_picture_that_has_changed_is_explained():
    explain, sink = Brightness(), Keep()
    shown = threading.Semaphore(0)

    def frames():  # none is dropped: each comes when the one before is shown, and its explanation too
        for frame in shades(100, 100, 100, 200, 200, 20, 20):
            yield frame
            assert shown.acquire(timeout=30)

    def seen(frame):
        while [index for index, _ in explain.begun][-1:] < [{0: 0, 1: 0, 2: 0, 3: 3, 4: 3}.get(frame.index, 5)]:
            time.sleep(0.001)
        shown.release()

    run(frames(), explain, [sink], policy=newest_frame, every="auto", progress=seen)
    assert [index for index, _ in explain.begun] == [0, 3, 5]


def test_an_explanation_prints_what_it_is_about():
    text = repr(clips.explanation())
    assert text == "Explanation(frame 0, classes {1: 0.700} of 3, maps 3x4 over x 0…64 y 0…48)"
