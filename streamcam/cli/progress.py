"""Progress: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Self

from streamcam.cli.console import note
from streamcam.types import Frame, VideoInfo

_SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """Shows how far one input is. Both methods fit ``streamcam.annotate``'s callbacks.

    Args:
        name: the input.
        number: which of the inputs it is, from 1.
        total: how many inputs there are.
    """

    def __init__(self, name: str, number: int, total: int) -> None:
        self._name = f"[{number}/{total}] {name}" if total > 1 else name
        self._frames: int | None = None
        self._done = 0
        self._bar: Any = None
        self._began = self._last_line = time.monotonic()

    def begin(self, info: VideoInfo) -> None:
        """The input was opened."""
        self._frames = info.frame_count
        if info.frame_count is None and info.duration is not None:
            self._frames = round(info.duration * info.frame_rate)
        self._began = self._last_line = time.monotonic()
        if sys.stderr.isatty():
            self._bar = _bar()
            self._bar.start()
            self._bar.add_task(self._name, total=self._frames, fps="")

    def advance(self, frame: Frame) -> None:
        """A frame was written."""
        self._done += 1
        now = time.monotonic()
        speed = self._done / max(now - self._began, 1e-9)
        if self._bar:
            self._bar.update(0, completed=self._done, fps=f"{speed:.1f} fps")
        elif now - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = now
            note(self._line(speed))

    def _line(self, speed: float) -> str:
        if not self._frames:
            return f"{self._name}: {self._done} frames, {speed:.1f} fps"
        left = max(0, self._frames - self._done) / speed
        return f"{self._name}: {self._done} of {self._frames} frames, {speed:.1f} fps, {left:.0f} s left"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[fps]}"),
        TimeRemainingColumn(),
    )
    return RichProgress(*columns, console=Console(stderr=True), transient=True)
