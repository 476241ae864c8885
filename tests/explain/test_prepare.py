"""Graphs that are converted in a process of its own."""

from __future__ import annotations

import threading

import psutil
import pytest
from makers.leftovers import nothing_left

from streamcam import Cache
from streamcam.explain.prepare import prepare


@pytest.fixture(autouse=True)
def nothing_stays():
    with nothing_left():
        yield


def test_a_preparing_process_is_ended_when_nobody_wants_it_any_more(tmp_path):
    stopped = threading.Event()
    threading.Timer(0.5, stopped.set).start()
    assert not prepare({"model": "efficientnet-lite0"}, {}, (96, 96), ["top1"], tmp_path / "cache", stopped)
    assert psutil.Process().children() == []
    assert Cache(tmp_path / "cache").entries() == []
