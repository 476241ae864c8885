"""How far a folder of results is, over all runs and machines: each run keeps a small note beside what is finished.

The note says what the run has to do and is at, and is renewed every second while it goes. What is done and what failed is
read from the manifest, which is the truth.
"""

from __future__ import annotations

import json
import os
import platform
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from streamcam.batch.dispatch import Progress
from streamcam.batch.manifest import FOLDER, ManifestEntry
from streamcam.batch.outcome import Outcome
from streamcam.batch.task import TaskProgress
from streamcam.errors import SourceError
from streamcam.system.wire import from_json, to_json

T = TypeVar("T")

_RUNS = "runs"
_EVERY = 1.0  # seconds
_SILENT = 120.0  # seconds after which a run on another machine is taken for gone
_OLD = 86_400.0  # seconds after which the note of a run that has ended is removed


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A file that is being done: how many of its frames are, and of how many, where that is known."""

    source: str
    frames: int
    total: int | None


@dataclass(frozen=True, slots=True)
class RunNote:
    """What a run says of itself.

    Attributes:
        host: the machine.
        pid: the process there.
        began: in seconds since 1970, as all times here.
        updated: when this was written.
        ended: whether it is over.
        to_do: files that it had to do.
        over: of these done or failed.
        frames: written so far.
        first: when the first frame was written, None before that.
        under_way: files that it is at.
    """

    host: str
    pid: int
    began: float
    updated: float
    ended: bool
    to_do: int
    over: int = 0
    frames: int = 0
    first: float | None = None
    under_way: tuple[UnderWay, ...] = ()

    @property
    def is_going_on(self) -> bool:
        """Whether it is at work: what was killed says no more."""
        if self.ended:
            return False
        if self.host == platform.node():
            import psutil

            return psutil.pid_exists(self.pid)
        return time.time() - self.updated < _SILENT

    @property
    def speed(self) -> float:
        """Frames a second."""
        return self.frames / (self.updated - self.first) if self.first and self.updated > self.first else 0.0


class NotedRun:
    """Keeps the note of a run in a folder of results; without a folder it does nothing.

    Args:
        folder: of the results, or None.
        to_do: how many files there are to do.
        progress: what is told besides.
    """

    def __init__(self, folder: Path | None, to_do: int, progress: Progress) -> None:
        now = time.time()
        self._note = RunNote(platform.node(), os.getpid(), now, now, False, to_do)
        self._folder = folder / FOLDER / _RUNS if folder else None
        self._name = f"{int(now)}-{uuid.uuid4().hex[:8]}.json"
        self._told, self._written = progress, 0.0
        self._under_way: dict[int, UnderWay] = {}  # by worker
        self._of_file: dict[str, dict[int, int]] = {}  # frames by task, by file
        self._frames = 0  # of files that are over

    def __enter__(self) -> Self:
        if self._folder:
            with suppress(OSError):
                for old in self._folder.glob("*.json"):
                    if time.time() - old.stat().st_mtime > _OLD:
                        old.unlink(missing_ok=True)
            self._write()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._under_way.clear()
        self._note = replace(self._note, ended=True)
        self._write()

    def progress(self, progress: TaskProgress) -> None:
        """Take how far a worker is, and pass it on."""
        self._told(progress)
        if progress.warning:
            return
        source = progress.task.name or str(progress.task.source)
        self._under_way[progress.worker] = UnderWay(source, progress.frames, progress.total)
        self._of_file.setdefault(source, {})[progress.task.id] = progress.frames
        if progress.frames and self._note.first is None:
            self._note = replace(self._note, first=time.time())
        if time.monotonic() - self._written >= _EVERY:
            self._write()

    def over(self, outcome: Outcome) -> None:
        """Note that a file is over."""
        self._note = replace(self._note, over=self._note.over + 1)
        self._of_file.pop(outcome.source, None)
        self._frames += outcome.result.frames if outcome.result and outcome.state == "done" else 0
        self._under_way = {worker: one for worker, one in self._under_way.items() if one.source != outcome.source}
        self._write()

    def _write(self) -> None:
        if self._folder is None:
            return
        self._written = time.monotonic()
        frames = self._frames + sum(sum(tasks.values()) for tasks in self._of_file.values())
        under_way = tuple(self._under_way.values())
        self._note = replace(self._note, updated=time.time(), frames=frames, under_way=under_way)
        part = self._folder / f"{self._name}.part"
        with suppress(OSError):  # nobody can ask then, and the work goes on
            self._folder.mkdir(parents=True, exist_ok=True)
            part.write_text(to_json(self._note), encoding="utf-8")
            part.replace(self._folder / self._name)


@dataclass(frozen=True, slots=True)
class Status:
    """How far a folder is.

    Attributes:
        done: files that are.
        failed: files that have, each with the reason.
        runs: that are at work.
        broken_off: how many runs have ended without saying so: killed, or their machine is gone.
        left: files that the runs at work still have to do.
        frames_per_second: of all of them together.
        seconds_left: until they are over, None where there is nothing to tell it from.
    """

    done: int
    failed: tuple[tuple[str, str], ...]
    runs: tuple[RunNote, ...]
    broken_off: int
    left: int
    frames_per_second: float
    seconds_left: float | None


def status_of(folder: Path) -> Status:
    """How far a folder of results is now.

    Raises:
        SourceError: it is no folder that streamcam keeps results in.
    """
    place = folder / FOLDER
    if not place.is_dir():
        raise SourceError(f"{folder}: holds no results that streamcam remembers; name the folder that -o named")
    entries = [entry for path in place.glob("*.json") if (entry := _read(path, ManifestEntry))]
    notes = [note for path in (place / _RUNS).glob("*.json") if (note := _read(path, RunNote))]
    runs = tuple(sorted((note for note in notes if note.is_going_on), key=lambda note: note.began))
    left = max((note.to_do - note.over for note in runs), default=0)  # runs on one folder share its files
    rates = [note.over / (note.updated - note.began) for note in runs if note.over and note.updated > note.began]
    return Status(
        done=sum(entry.state == "done" for entry in entries),
        failed=tuple(sorted((entry.source, entry.reason) for entry in entries if entry.state == "failed")),
        runs=runs,
        broken_off=sum(not note.ended and not note.is_going_on for note in notes),
        left=left,
        frames_per_second=sum(note.speed for note in runs),
        seconds_left=left / sum(rates) if rates and left else None,
    )


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return from_json(path.read_text(encoding="utf-8"), kind)
    except (OSError, ValueError, json.JSONDecodeError):
        return None
