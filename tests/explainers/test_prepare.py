"""Graphs that are converted in a process of its own."""

from __future__ import annotations

import threading

import psutil
import pytest
from makers.leftovers import nothing_left

from streamcam import Cache
from streamcam.explainers.prepare import prepare
from streamcam.settings import ExplainSettings, ModelSettings


@pytest.fixture(autouse=True)
def nothing_stays():
    with nothing_left():
        yield


def test_a_preparing_process_is_ended_when_nobody_wants_it_any_more(tmp_path):
    stopped = threading.Event()
    threading.Timer(0.5, stopped.set).start()
    assert not prepare(
        ModelSettings(model="resnet50", weights="none"),
        ExplainSettings(),
        (96, 96),
        cache=tmp_path / "cache",
        stopped=stopped,
    )
    assert psutil.Process().children() == []
    assert Cache(tmp_path / "cache").entries() == []
