"""Overlapped stages: order, completeness, errors, and no thread left behind."""

from __future__ import annotations

import threading
import time

import pytest

from streamcam.pipeline.prefetch import prefetch


@pytest.mark.parametrize("ahead", [1, 2, 16])
def test_everything_comes_in_order(ahead):
    assert list(prefetch(iter(range(1000)), ahead)) == list(range(1000))
    assert list(prefetch([], ahead)) == []


def test_stages_really_overlap():
    ahead = threading.Event()

    def source():
        yield 0
        ahead.set()  # reached before item 1 is asked for
        yield 1

    stream = prefetch(source())
    assert next(stream) == 0
    assert ahead.wait(timeout=30)
    assert list(stream) == [1]


def test_no_more_than_asked_is_read_ahead():
    read = []

    def source():
        for i in range(100):
            read.append(i)
            yield i

    stream = prefetch(source(), 3)
    next(stream)
    time.sleep(0.2)
    assert len(read) <= 6
    stream.close()


def test_an_error_is_raised_where_the_items_are_used_after_the_items_before_it():
    def source():
        yield 1
        yield 2
        raise ZeroDivisionError("in the thread")

    stream = prefetch(source())
    assert (next(stream), next(stream)) == (1, 2)
    with pytest.raises(ZeroDivisionError, match="in the thread"):
        next(stream)


def test_leaving_early_closes_the_whole_chain():
    closed = []

    def source():
        try:
            yield from range(10**9)
        finally:
            closed.append(threading.current_thread().name)

    stream = prefetch(prefetch(source(), 2), 2)
    assert next(stream) == 0
    stream.close()
    assert closed == ["streamcam-prefetch"]
