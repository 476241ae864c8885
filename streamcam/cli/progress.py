"""Progress: bars on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from streamcam.cli import console
from streamcam.cli.console import note, warn

if TYPE_CHECKING:
    from streamcam.batch.annotate import AnnotationRun
    from streamcam.batch.task import TaskProgress

_SECONDS_BETWEEN_LINES = 10.0
_LEAST_SECONDS = 1.0  # that a speed is told from


class Pace:
    """How fast something goes, from the first that was done on: what came before it was preparation."""

    def __init__(self) -> None:
        self._first: tuple[int, float] | None = None

    def speed(self, done: int, now: float) -> float | None:
        """How many a second; None while there is nothing to tell it from.

        Args:
            done: how many are done; the first call with any begins the count.
            now: in seconds of any clock.
        """
        if self._first is None and done:
            self._first = done, now
        if self._first is None:
            return None
        first, since = self._first
        return (done - first) / (now - since) if done > first and now - since >= _LEAST_SECONDS else None

    def left(self, done: int, total: int, now: float) -> float | None:
        """Seconds until all are done; None while there is nothing to tell it from."""
        speed = self.speed(done, now)
        return max(0, total - done) / speed if speed else None


class BatchProgress:
    """Shows how far each worker is with its file, and all of them with all files."""

    def __init__(self) -> None:
        self._total = self._known = self._done = 0
        self._several = False
        self._last_line = time.monotonic()
        self._files = Pace()
        self._paces: dict[int, tuple[int, Pace]] = {}  # by worker: its task, and how fast it goes
        self._bar: Any = None
        self._lines: dict[int, Any] = {}
        self._all: Any = None

    def begin(self, run: AnnotationRun) -> None:
        """Show what is to be done."""
        self._total, self._several = run.to_do, run.several
        self._known = run.total - run.to_do
        if sys.stderr.isatty() and not console.quiet:
            self._bar = _bar()
            self._bar.start()
            if self._several:
                self._all = self._bar.add_task("all files", total=self._total, fps="")

    def update(self, progress: TaskProgress) -> None:
        """Show how far a worker is."""
        if progress.warning:
            warn(progress.warning)
            return
        now = time.monotonic()
        task, pace = self._paces.get(progress.worker, (-1, Pace()))
        if task != progress.task.id:
            pace = Pace()
            self._paces[progress.worker] = progress.task.id, pace
        speed = pace.speed(progress.frames, now)
        name = progress.task.name or str(progress.task.source)
        if self._bar:
            if progress.worker not in self._lines:
                self._lines[progress.worker] = self._bar.add_task(name, total=progress.total, fps="")
            line = self._lines[progress.worker]
            speed_text = f"{speed:.1f} fps" if speed else "" if progress.frames else "preparing"
            self._bar.update(line, description=name, total=progress.total, completed=progress.frames, fps=speed_text)
        elif now - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = now
            place = f"[{self._done + 1}/{self._total}] " if self._total > 1 else ""
            note(place + line_of(name, progress.frames, progress.total, pace, now))

    def finish(self) -> None:
        """Show that a file is over. Those that were known before the work began come first, and do not count."""
        if self._known:
            self._known -= 1
            return
        self._done += 1
        self._files.speed(self._done, time.monotonic())
        if self._bar and self._all is not None:
            self._bar.update(self._all, completed=self._done)
        elif self._several and time.monotonic() - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            left = self._files.left(self._done, self._total, self._last_line)
            note(f"{self._done} of {self._total} files" + _said_left(left))

    def close(self) -> None:
        """Take the bars away."""
        if self._bar:
            self._bar.stop()


def line_of(name: str, frames: int, total: int | None, pace: Pace, now: float) -> str:
    """How far a file is, in words."""
    if not frames:
        return f"{name}: preparing"
    speed = pace.speed(frames, now)
    of = f" of {total}" if total else ""
    said = f"{name}: {frames}{of} frames" + (f", {speed:.1f} fps" if speed else "")
    return said + _said_left(pace.left(frames, total, now) if total else None)


def _said_left(seconds: float | None) -> str:
    return "" if seconds is None else f", {seconds:.0f} s left"


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
    # Results go where stdout goes; on a terminal, above the bars.
    shared = sys.stdout.isatty()
    return RichProgress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=shared)
