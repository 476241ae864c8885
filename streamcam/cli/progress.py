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


class BatchProgress:
    """Shows how far each worker is with its file, and all of them with all files."""

    def __init__(self) -> None:
        self._total = self._known = self._done = 0
        self._several = False
        self._began = self._last_line = time.monotonic()
        self._begun: dict[int, tuple[int, float]] = {}  # by worker: its task, and since when
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
        task, since = self._begun.get(progress.worker, (-1, now))
        if task != progress.task.id:
            since = now
            self._begun[progress.worker] = progress.task.id, now
        speed = progress.frames / max(now - since, 1e-9)
        name = progress.task.name or str(progress.task.source)
        if self._bar:
            if progress.worker not in self._lines:
                self._lines[progress.worker] = self._bar.add_task(name, total=progress.total, fps="")
            line = self._lines[progress.worker]
            speed_text = f"{speed:.1f} fps"
            self._bar.update(line, description=name, total=progress.total, completed=progress.frames, fps=speed_text)
        elif now - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = now
            note(self._line(name, progress, speed))

    def _line(self, name: str, progress: TaskProgress, speed: float) -> str:
        done = f"[{self._done + 1}/{self._total}] " if self._total > 1 else ""
        if not progress.total or not progress.frames:
            return f"{done}{name}: {progress.frames} frames, {speed:.1f} fps"
        left = max(0, progress.total - progress.frames) / max(speed, 1e-9)
        return f"{done}{name}: {progress.frames} of {progress.total} frames, {speed:.1f} fps, {left:.0f} s left"

    def finish(self) -> None:
        """Show that a file is over. Those that were known before the work began come first, and do not count."""
        if self._known:
            self._known -= 1
            return
        self._done += 1
        if self._bar and self._all is not None:
            self._bar.update(self._all, completed=self._done)
        elif self._several and time.monotonic() - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            left = (time.monotonic() - self._began) / self._done * (self._total - self._done)
            note(f"{self._done} of {self._total} files, {left:.0f} s left")

    def close(self) -> None:
        """Take the bars away."""
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
    # Results go where stdout goes; on a terminal, above the bars.
    shared = sys.stdout.isatty()
    return RichProgress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=shared)
