"""Play a file in real time: each picture when it is due, however long the one before is held."""

from __future__ import annotations

import time
from collections.abc import Iterator

from streamcam.sources.live.kinds.events import Event, LeftOut, Shot, wait_until


def film_pictures(path: str, *, loop: bool) -> Iterator[Event]:
    """A file's pictures, each when it is due; it ends, or begins again, when the last one has been held for its time."""
    from streamcam.sources import open_source

    began: float | None = None
    while True:
        with open_source(path) as source:
            last = 0.0
            for frame in source:
                began = time.perf_counter() - frame.time if began is None else began
                yield from wait_until(began + frame.time)
                yield Shot(frame.image, time.perf_counter())
                last = frame.time
            end = last + float(1 / source.info.frame_rate)
            if source.info.duration and not source.lost:  # what breaks off promises more than it has
                end = max(end, source.info.duration)
            if source.lost:
                yield LeftOut(source.lost)
        assert began is not None
        yield from wait_until(began + end)
        if not loop:
            return
        began += end
