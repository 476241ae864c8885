"""Who does the tasks: this process, or several on this machine."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from streamcam.annotation.file import Interrupted
from streamcam.batch.settings import Settings, Task
from streamcam.batch.task import Result, Workshop, as_json, from_json
from streamcam.errors import MissingLibraryError, ModelError, OptionError, StreamcamError, TargetError, plain
from streamcam.system.wire import to_builtins
from streamcam.types import Frame, VideoInfo

Tasks = Iterator[Task | None]

_THREADS = 2  # of an engine at least: one that explains two frames at once uses what the others leave idle
_WAIT = 0.2  # seconds between looks for a task where there is none for the moment
_ATTEMPTS = 2  # processes that may die of one task
_STILLBORN = 3  # processes in a row that may end before they can begin
_OF_SETTINGS = (ModelError, TargetError, OptionError, MissingLibraryError)
_PATIENCE = 600.0  # seconds of silence after which a process is taken for dead; a model may take minutes to convert


@dataclass(frozen=True, slots=True)
class Finished:
    """A task that is over.

    Attributes:
        task: which.
        result: what came of it, or None.
        error: why nothing did.
        unforeseen: whether the error is none that streamcam knows.
        is_of_settings: whether it is about the model or the settings, which all tasks share.
        cause: the error itself, where it happened in this process.
    """

    task: Task
    result: Result | None = None
    error: str = ""
    unforeseen: bool = False
    is_of_settings: bool = False
    cause: BaseException | None = None

    @classmethod
    def answered(cls, task: Task, answer: dict[str, Any]) -> Finished:
        """What came of a task in another process, see ``attempt``."""
        if "result" in answer:
            return cls(task, from_json(answer["result"]))
        return cls(
            task, error=answer["error"], unforeseen=answer["unforeseen"], is_of_settings=answer["is_of_settings"]
        )


def attempt(shop: Workshop, task: Task, **callbacks: Any) -> dict[str, Any]:
    """Do a task for another process: the result, or what it failed by, as JSON has it."""
    try:
        return {"result": as_json(shop.do(task, overwrite=True, **callbacks))}
    except Exception as error:
        known = isinstance(error, StreamcamError)
        told = str(error) if known else plain(error)
        return {"error": told, "unforeseen": not known, "is_of_settings": isinstance(error, _OF_SETTINGS)}


@dataclass(frozen=True, slots=True)
class News:
    """How a task goes.

    Attributes:
        worker: which of the crew, from 0.
        task: which.
        frames: written so far.
        total: how many there will be, None where unknown.
        warning: something that was done differently than asked.
    """

    worker: int
    task: Task
    frames: int = 0
    total: int | None = None
    warning: str = ""


class Crew(Protocol):
    """Does tasks as they come, and ends when there are no more; a task that is None means: none for the moment."""

    def work(self, tasks: Tasks, told: Callable[[News], object]) -> Generator[Finished, None, None]:
        """Do them all; each is given when it is over, in whatever order."""
        ...


def usable_cores() -> int:
    """Cores that this process may use: a scheduler may have given it some of the machine's only."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def frames_of(info: VideoInfo) -> int | None:
    """How many frames a source will have, as far as it says."""
    if info.frame_count is None and info.duration is not None:
        return round(info.duration * info.frame_rate)
    return info.frame_count


class Here:
    """One after the other in this process, with the stages of each overlapped.

    Args:
        settings: of all tasks.
        overwrite: whether existing outputs may be replaced.
    """

    def __init__(self, settings: Settings, *, overwrite: bool) -> None:
        self._shop, self._overwrite = Workshop(settings), overwrite

    def work(self, tasks: Tasks, told: Callable[[News], object]) -> Generator[Finished, None, None]:
        """See ``Crew``. Ctrl-C is raised as ``Interrupted``, which says what was kept."""
        for task in tasks:
            if task is None:
                time.sleep(_WAIT)
                continue
            try:
                result = self._shop.do(task, overwrite=self._overwrite, **reporting(0, task, told))
            except Interrupted:
                raise
            except StreamcamError as error:
                yield Finished(task, error=str(error), is_of_settings=isinstance(error, _OF_SETTINGS), cause=error)
            except Exception as error:  # a bug, or a file that breaks a library: the others are still done
                yield Finished(task, error=plain(error), unforeseen=True, cause=error)
            else:
                yield Finished(task, result)


def reporting(worker: int, task: Task, told: Callable[[News], object]) -> dict[str, Any]:
    """The callbacks of ``Workshop.do``."""
    done, total = 0, None

    def opened(info: VideoInfo) -> None:
        nonlocal total
        total = frames_of(info)
        told(News(worker, task, 0, total))

    def progress(frame: Frame) -> None:
        nonlocal done
        done += 1
        told(News(worker, task, done, total))

    return {"opened": opened, "progress": progress}


class Processes:
    """Several processes of this machine, each with its share of the cores.

    A process that dies takes only its task with it, which another tries once more. When this process ends, however it
    does, so do they.

    Args:
        settings: of all tasks.
        size: how many.
    """

    def __init__(self, settings: Settings, size: int) -> None:
        self._size = size
        threads = settings.explain.threads or max(_THREADS, usable_cores() // size)
        self._order = {"settings": to_builtins(settings), "threads": threads}

    def work(self, tasks: Tasks, told: Callable[[News], object]) -> Generator[Finished, None, None]:
        """See ``Crew``."""
        messages: SimpleQueue[tuple[int, dict[str, Any]]] = SimpleQueue()
        workers: dict[int, _Process] = {}
        busy: dict[int, Task] = {}
        again: list[Task] = []
        deaths: dict[int, int] = {}
        stillborn = 0
        more = True
        try:
            while more or busy or again:
                free = [number for number in range(self._size) if number not in busy]
                while free and (again or more):
                    task = again.pop() if again else next(tasks, self._order)
                    if not isinstance(task, Task):
                        more = task is None
                        break
                    number = free.pop(0)
                    if number not in workers:
                        workers[number] = _Process(number, self._order, messages)
                    workers[number].tell(task.to_json())
                    workers[number].heard = time.monotonic()
                    busy[number] = task
                for number in busy:
                    if time.monotonic() - workers[number].heard > _PATIENCE:
                        workers[number].kill()
                try:
                    number, message = messages.get(timeout=_WAIT)
                except Empty:
                    continue
                task = busy.get(number)
                if "ready" in message:
                    stillborn = 0
                elif "ended" in message:
                    worker = workers.pop(number)
                    worker.close()
                    stillborn += not worker.was_ready
                    if stillborn >= _STILLBORN:
                        raise StreamcamError(
                            f"{_STILLBORN} worker processes ended before they could begin (exit code "
                            f"{worker.exit_code}); fewer --workers need less memory, and without them the reason is told"
                        )
                    if task is None:
                        continue
                    del busy[number]
                    deaths[task.id] = deaths.get(task.id, 0) + worker.was_ready  # else it is not the task's fault
                    if deaths[task.id] < _ATTEMPTS:
                        again.append(task)
                    else:
                        yield Finished(task, error=f"{task.source}: {_ATTEMPTS} processes died of it")
                elif task is not None and ("result" in message or "error" in message):
                    del busy[number]
                    yield Finished.answered(task, message)
                elif task is not None:
                    told(News(number, task, **message))
        finally:
            for worker in workers.values():
                worker.close()


class _Process:
    """One of them, and the thread that hears it.

    Attributes:
        heard: when, by ``time.monotonic``; whoever asks may have been busy with something else since.
        was_ready: whether it has come as far as its first task.
        exit_code: once it is closed.
    """

    def __init__(self, number: int, order: dict[str, Any], messages: SimpleQueue[tuple[int, dict[str, Any]]]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "streamcam.batch.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("STREAMCAM_DEBUG") else subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        self.heard = time.monotonic()
        self.was_ready = False
        self.exit_code: int | None = None

        def listen() -> None:
            assert self._process.stdout
            for line in self._process.stdout:
                self.heard, self.was_ready = time.monotonic(), True
                with contextlib.suppress(ValueError):  # the last line of one that died
                    messages.put((number, json.loads(line)))
            messages.put((number, {"ended": True}))

        self._listener = threading.Thread(target=listen, name="streamcam-crew", daemon=True)
        self._listener.start()
        self.tell(order)

    def tell(self, data: dict[str, Any]) -> None:
        assert self._process.stdin
        with contextlib.suppress(OSError):  # it died; the listener says so
            self._process.stdin.write(json.dumps(data) + "\n")
            self._process.stdin.flush()

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        self._process.kill()
        self.exit_code = self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if pipe:
                    pipe.close()
