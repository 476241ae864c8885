"""Run one live session: explain the newest frame of a source again and again, draw it, give it to all sinks."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from streamcam.drawing.corner import SteadyCorner
from streamcam.live.controls import Controls, SessionEnd
from streamcam.live.explainer import ControlledExplainer
from streamcam.live.paint import painting
from streamcam.live.stats import Stats
from streamcam.pipeline.run import newest_frame, run
from streamcam.protocols import Drawing, LiveFeed, Steady, Writer
from streamcam.types import Explanation, Frame, UInt8Array


class LiveDrawing:
    """Draws each picture with the overlay that the controls have at that moment, and times it.

    Args:
        controls: have the overlay.
        stats: times the drawing.
    """

    def __init__(self, controls: Controls, stats: Stats) -> None:
        self._controls, self._stats = controls, stats
        self._corner = SteadyCorner(above_bar=True)

    def draw(self, image: UInt8Array, explanation: Explanation) -> UInt8Array:
        """A new picture of the same size."""
        with self._stats.timed("draw"):
            return self._controls.overlay.draw(image, explanation, self._corner)


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
    explain: ControlledExplainer[Any],
    controls: Controls,
    sinks: Sequence[Writer],
    stats: Stats,
    *,
    steady: Steady | None = None,
    overlay: Drawing | None = None,
) -> None:
    """Explain and draw a live source for all sinks, until a sink raises ``SessionEnd``, the source ends, or Ctrl-C comes.

    Args:
        source: whose frames; it is closed at the end.
        explain: the explainer; it follows the same controls.
        controls: what people change meanwhile.
        sinks: who takes the frames, in this order; ``stats`` belongs among them, behind what shows the picture.
        stats: counts and times the stages.
        steady: from raw explanations to shown heat, see ``run``.
        overlay: how the heat is drawn; as the controls say if None.
    """

    def frames() -> Iterator[Frame]:
        try:
            yield from painting(freezing(stats.captured(source), controls), controls)
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
            every=explain.step,
        )
    except SessionEnd:
        pass
    finally:
        source.close()
