"""One live session: frames of a source, explained and drawn as the controls say, until somebody ends it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from streamcam.live.controls import Controls, SessionEnd
from streamcam.live.explainer import LiveExplainer
from streamcam.live.stats import Stats
from streamcam.pipeline.run import Steady, newest_frame, run
from streamcam.types import Drawing, Explanation, Float32Array, Frame, LiveFeed, UInt8Array, Writer


class LiveDrawing:
    """Draws each picture with the overlay that the controls have at that moment, and times it.

    Args:
        controls: have the overlay.
        stats: times the drawing.
    """

    def __init__(self, controls: Controls, stats: Stats) -> None:
        self._controls, self._stats = controls, stats

    def draw(self, image: UInt8Array, heat: Float32Array, explanation: Explanation) -> UInt8Array:
        """A new picture of the same size."""
        with self._stats.timed("draw"):
            return self._controls.overlay.draw(image, heat, explanation)


class SessionLimit:
    """Ends the session after a number of frames or seconds. It belongs behind all other sinks.

    Args:
        frames: how many may be shown, or None.
        seconds: how long it may last, or None.
    """

    def __init__(self, frames: int | None, seconds: float | None) -> None:
        self._frames = frames
        self._end = time.monotonic() + seconds if seconds else None

    def write(self, frame: Frame, explanation: Explanation | None) -> None:
        """Count one. Raises ``SessionEnd`` when it is enough."""
        if self._frames is not None and frame.fresh:
            self._frames -= 1
        if self._frames == 0 or (self._end and time.monotonic() >= self._end):
            raise SessionEnd


def freezing(frames: Iterable[Frame], controls: Controls) -> Iterator[Frame]:
    """The frames; while the picture is frozen, the frozen one with the times of the others."""
    image: UInt8Array | None = None
    for frame in frames:
        image = frame.image if image is None or not controls.frozen else image
        yield replace(frame, image=image) if controls.frozen else frame


def run_session(
    source: LiveFeed,
    explain: LiveExplainer,
    controls: Controls,
    sinks: Sequence[Writer],
    stats: Stats,
    *,
    steady: Steady | None = None,
    overlay: Drawing | None = None,
) -> None:
    """Show a live source, drawn as the controls say if not otherwise, until a sink, the source or Ctrl-C ends it."""

    def frames() -> Iterator[Frame]:
        try:
            yield from freezing(stats.captured(source), controls)
        finally:  # closed before anybody waits for the explainer
            explain.stop()

    try:
        run(
            frames(),
            explain,
            sinks,
            overlay=overlay or LiveDrawing(controls, stats),
            policy=newest_frame,
            steady=steady,
        )
    except SessionEnd:
        pass
    finally:
        source.close()
