"""The newest frame wins: what is dropped, what is raised, and that nothing waits for the model."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from functools import partial
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
from makers import models
from makers.cameras import Camera
from makers.leftovers import nothing_left

from streamcam import Frame, GradCAM, run, wrap_model
from streamcam.drawing.overlay import Overlay
from streamcam.errors import SourceError, TargetError
from streamcam.pipeline.newest import follow, newest
from streamcam.pipeline.run import newest_frame
from streamcam.sources.live.live import LiveSource


@pytest.fixture
def camera():
    with Camera() as camera:
        yield camera


@pytest.fixture(autouse=True)
def nothing_stays():
    with nothing_left():
        yield


def test_newest_drops_what_nobody_was_quick_enough_for():
    seen = threading.Event()

    def source():
        yield 0
        seen.wait(30)
        yield from range(1, 1000)

    stream = newest(source())
    assert next(stream) == 0
    seen.set()
    rest = list(stream)
    assert rest == sorted(set(rest))
    assert len(rest) < 1000


def test_an_error_of_the_source_is_raised():
    def source():
        yield 1
        raise SourceError("gone")

    with pytest.raises(SourceError, match="gone"):
        list(newest(source()))


def test_a_model_that_takes_for_ever_holds_up_no_picture():
    let_go, explained, over = threading.Event(), [], []

    def explain(frame):
        explained.append(frame.index)
        let_go.wait(60)
        return zoo_explain(frame)

    zoo_explain = GradCAM(wrap_model(models.flat().model), cache=False)
    image = np.zeros((48, 48, 3), np.uint8)
    asked = threading.Semaphore(0)

    def source():
        for index in count():
            asked.acquire()
            if over:
                return
            yield Frame(image, index, float(index))

    stream = follow(source(), explain)
    shown = []
    with ExitStack() as ends:  # also when something is not as it should be: the source waits without end
        for end in (stream.close, asked.release, partial(over.append, True), let_go.set):
            ends.callback(end)
        for _ in range(100):
            asked.release()
            shown.append(next(stream))
            while not explained:  # the first has been taken
                time.sleep(0.001)
        assert [frame.index for frame, _ in shown] == list(range(100))
        assert all(explanation is None for _, explanation in shown)
        assert explained == [0]
        let_go.set()
        known = None
        while known is None:
            asked.release()
            _, known = next(stream)
        while known.index == 0:  # the next one explained is the newest of that moment, not the second of all
            asked.release()
            _, known = next(stream)
        assert known.index >= 99


def test_an_error_of_the_model_is_raised_and_nothing_stays(camera):
    explain = GradCAM(wrap_model(models.flat().model), cache=False)
    failing = SimpleNamespace(start=lambda frame, targets: explain.start(frame, ("no such class",)))
    with LiveSource(camera.url) as source, pytest.raises(TargetError):
        run(source, failing, [], overlay=Overlay(()), policy=newest_frame)


def test_an_explanation_of_another_size_is_not_drawn():
    explain = GradCAM(wrap_model(models.flat().model), cache=False)
    sizes = iter([(48, 48), (48, 48), (96, 48)])
    go = threading.Event()

    def source():
        for index, (height, width) in enumerate(sizes):
            yield Frame(np.zeros((height, width, 3), np.uint8), index, float(index))
            if index == 0:
                go.wait(60)

    def told(frame):
        result = explain(frame)
        go.set()
        return result

    last = None
    for frame, explanation in follow(source(), told):
        if explanation is not None:
            assert explanation.region.y1 == frame.image.shape[0]
        last = frame
    assert last.image.shape == (96, 48, 3)
