"""What holds for every source and for every sink, as checks that any test can call."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from makers import clips
from streamcam import Frame
from streamcam.protocols import LiveFeed, Sink, Source
from streamcam.types import VideoInfo


def check_sink(make: Callable[[], Sink]) -> None:
    """Frames with and without an explanation are taken; it is closed once, however often it is asked to be.

    Args:
        make: opens the sink anew.
    """
    with make() as sink:
        for frame in clips.frames(3):
            sink.write(frame, clips.explanation())
        sink.write(clips.frames(4)[3], None)
    sink.close()
    sink.close()
    with pytest.raises(ZeroDivisionError), make() as sink:
        assert sink.__enter__() is sink
        sink.write(clips.frames(1)[0], clips.explanation())
        raise ZeroDivisionError
    sink.close()
    unused = make()
    unused.close()
    unused.close()


def check_source(make: Callable[[], Source], count: int) -> Sequence[Frame]:
    """Frames come in order, as ``info`` says; it can be left early, after an error too, and closed twice.

    Args:
        make: opens the source anew.
        count: how many new pictures to take; it must have as many.

    Returns:
        The frames.
    """
    source: Any
    with make() as source:
        assert isinstance(source.info, VideoInfo)
        frames = []
        end = time.monotonic() + 120
        for frame in source:
            assert time.monotonic() < end
            frames.append(frame)
            assert frame.image.dtype == np.uint8
            assert frame.image.shape == (source.info.height, source.info.width, 3)
            if sum(frame.fresh for frame in frames) == count:
                break
    assert [frame.index for frame in frames] == list(range(len(frames)))
    fresh = [
        frame for frame in frames if frame.fresh
    ]  # one that repeats a picture may come after that picture's successor
    assert fresh
    assert all(a.time < b.time for a, b in itertools.pairwise(fresh))
    assert all(frame.time >= 0 for frame in frames)
    source.close()
    source.close()
    with pytest.raises(ZeroDivisionError), make() as source:
        assert source.__enter__() is source
        assert next(iter(source)).index == 0
        raise ZeroDivisionError
    make().__exit__(None, None, None)  # what was never read is closed, too
    return frames


def check_feed(make: Callable[[], LiveFeed]) -> None:
    """A live feed says how it is doing, and ``close`` ends its iteration soon, from another thread too.

    Args:
        make: opens the feed anew.
    """
    with make() as feed:
        assert feed.info.live
        assert feed.name
        assert feed.state.phase in ("connecting", "live")
        frames, last = iter(feed), feed.now
        end = time.monotonic() + 120
        while not next(frames).fresh:
            assert time.monotonic() < end
            assert feed.now >= last
            last = feed.now
        assert feed.state.phase == "live"
        assert feed.counts.captured >= 1
        closer = threading.Timer(0.2, feed.close)
        closer.start()
        began = time.monotonic()
        for _ in frames:  # without end, if it were not closed
            assert time.monotonic() - began < 30
        closer.join()
