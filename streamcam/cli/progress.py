"""Progress: bars on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from streamcam.cli.console import note, warn

if TYPE_CHECKING:
    from streamcam.batch.driver import Outcome
    from streamcam.batch.workers import News

_SECONDS_BETWEEN_LINES = 10.0


class BatchProgress:
    """Shows how far each worker is with its file, and all of them with all files.

    Args:
        total: how many files there are to do.
        several: whether the call is about several files at all.
    """

    def __init__(self, total: int, *, several: bool) -> None:
        self._total, self._several = total, several
        self._done = 0
        self._began = self._last_line = time.monotonic()
        self._begun: dict[int, tuple[int, float]] = {}  # by worker: its task, and since when
        self._bar: Any = None
        self._lines: dict[int, Any] = {}
        self._all: Any = None

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began

    def told(self, news: News) -> None:
        """How a task goes."""
        if news.warning:
            warn(news.warning)
            return
        now = time.monotonic()
        task, since = self._begun.get(news.worker, (-1, now))
        if task != news.task.id:
            since = now
            self._begun[news.worker] = news.task.id, now
        speed = news.frames / max(now - since, 1e-9)
        name = news.task.name or str(news.task.source)
        if self._bar:
            if news.worker not in self._lines:
                self._lines[news.worker] = self._bar.add_task(name, total=news.total, fps="")
            line = self._lines[news.worker]
            self._bar.update(line, description=name, total=news.total, completed=news.frames, fps=f"{speed:.1f} fps")
        elif now - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = now
            note(self._line(name, news, speed))

    def _line(self, name: str, news: News, speed: float) -> str:
        done = f"[{self._done + 1}/{self._total}] " if self._total > 1 else ""
        if not news.total:
            return f"{done}{name}: {news.frames} frames, {speed:.1f} fps"
        left = max(0, news.total - news.frames) / max(speed, 1e-9)
        return f"{done}{name}: {news.frames} of {news.total} frames, {speed:.1f} fps, {left:.0f} s left"

    def finish(self, outcome: Outcome) -> None:
        """A file is over."""
        self._done += 1
        if self._bar and self._all is not None:
            self._bar.update(self._all, completed=self._done)
        elif self._several and time.monotonic() - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            left = self.seconds / self._done * (self._total - self._done)
            note(f"{self._done} of {self._total} files, {left:.0f} s left")

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._bar = _bar()
            self._bar.start()
            if self._several:
                self._all = self._bar.add_task("all files", total=self._total, fps="")
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
    # Results go where stdout goes; on a terminal, above the bars.
    shared = sys.stdout.isatty()
    return RichProgress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=shared)
