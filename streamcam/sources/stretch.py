"""A stretch of an animated picture: its frames are few, and are read from the first on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from streamcam.errors import SourceError
from streamcam.protocols import Closing
from streamcam.sources.animation import AnimationSource
from streamcam.types import Frame


class Stretch(Closing):
    """The frames of an animated picture from a time on and up to another, counted and timed from there.

    Args:
        source: the whole; it is closed with this.
        start: in seconds.
        end: in seconds; None for its own end.

    Raises:
        SourceError: it ends before the start.
    """

    def __init__(self, source: AnimationSource, *, start: float = 0.0, end: float | None = None) -> None:
        self._source, self._start, self._end = source, start, end
        length = source.info.duration or 0.0
        if start >= length:
            raise SourceError(f"{source.path}: lasts {length:.2f} s, and was to begin at {start:g} s")
        duration = (length if end is None else min(end, length)) - start
        self.info = replace(source.info, frame_count=None, duration=duration)
        self.lost = 0

    def __iter__(self) -> Iterator[Frame]:
        count = 0
        for frame in self._source:
            if self._end is not None and frame.time >= self._end:
                return
            if frame.time + (frame.duration or 0.0) > self._start:
                yield replace(frame, index=count, time=max(0.0, frame.time - self._start))
                count += 1
        self.lost = self._source.lost

    def close(self) -> None:
        """Close the source."""
        self._source.close()
