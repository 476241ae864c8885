"""Who does the tasks: this process, or several processes of this machine."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from streamcam.batch.dispatch import Event, Progress, Tasks, WorkerLost, WorkerReady, dispatch
from streamcam.batch.runner import TaskRunner
from streamcam.batch.settings import AnnotationSettings
from streamcam.batch.task import Task, TaskOutcome, TaskProgress, WorkerOrder, WorkerReport
from streamcam.sources.content import kind_of
from streamcam.system.child import ChildProcess
from streamcam.system.wire import from_builtins

_THREADS = 2  # of an engine at least: one that explains two frames at once uses what the others leave idle
_IMAGES = 2  # at once: one is read, compiled for or written while the other is explained
_WAIT = 0.2  # seconds between looks for a task where there is none for the moment
_PATIENCE = 600.0  # seconds of silence after which a process is taken for dead; a model may take minutes to convert


class Workers(Protocol):
    """Do tasks as they come, and end when there are no more."""

    def work(self, tasks: Tasks, progress: Progress) -> Generator[TaskOutcome, None, None]:
        """Do them all.

        Args:
            tasks: what is to be done; a task that is None means: none for the moment.
            progress: called with how far each worker is, and with its warnings.

        Returns:
            The outcome of each task when it is over, in whatever order.
        """
        ...


def usable_cores() -> int:
    """Cores that this process may use: a scheduler may have given it some of the machine's only."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class InProcess:
    """Tasks in this process: videos one after the other, with the stages of each overlapped; images two at a time.

    Args:
        settings: of all tasks.
    """

    def __init__(self, settings: AnnotationSettings) -> None:
        self._runner = TaskRunner(settings)

    def work(self, tasks: Tasks, progress: Progress) -> Generator[TaskOutcome, None, None]:
        """See ``Workers``. Ctrl-C is raised as ``Interrupted``, which says what was kept; images are finished first."""
        begun: deque[Future[TaskOutcome]] = deque()
        is_ready = False  # the first is done alone: it prepares the model for all
        with ThreadPoolExecutor(_IMAGES, "streamcam-image") as threads:
            for task in tasks:
                if is_ready and task and _is_image(task):
                    _report(progress, task, 0, 1)
                    begun.append(threads.submit(self._runner.attempt, task))
                    if len(begun) == _IMAGES:
                        yield begun.popleft().result()
                    continue
                while begun:
                    yield begun.popleft().result()
                if task is None:
                    time.sleep(_WAIT)
                    continue
                outcome = self._runner.attempt(task, counted=partial(_report, progress, task))
                is_ready = is_ready or outcome.result is not None
                yield outcome
            while begun:
                yield begun.popleft().result()


def _is_image(task: Task) -> bool:
    return task.part is None and kind_of(task.source) == "image"


def _report(progress: Progress, task: Task, frames: int, total: int | None) -> None:
    progress(TaskProgress(0, task, frames, total))


class WorkerProcesses:
    """Several processes of this machine, each with its share of the cores. When this process ends, so do they.

    Args:
        settings: of all tasks.
        size: how many.
    """

    noun = "worker processes"
    most_unready = 3
    advice = "; fewer --workers need less memory, and without them the reason is shown"

    def __init__(self, settings: AnnotationSettings, size: int) -> None:
        self._size = size
        self._order = WorkerOrder(settings, settings.explain.threads or max(_THREADS, usable_cores() // size))
        self._messages: SimpleQueue[tuple[int, dict[str, Any] | None]] = SimpleQueue()
        self._workers: dict[int, _Worker] = {}
        self._tasks: dict[int, Task] = {}  # by worker

    def work(self, tasks: Tasks, progress: Progress) -> Generator[TaskOutcome, None, None]:
        """See ``Workers``."""
        return dispatch(tasks, self, progress)

    @property
    def is_busy(self) -> bool:
        """See ``Pool``."""
        return bool(self._tasks)

    def has_place(self) -> bool:
        """See ``Pool``."""
        return len(self._tasks) < self._size

    def give(self, task: Task) -> None:
        """See ``Pool``. Processes are started as they are needed."""
        number = next(number for number in range(self._size) if number not in self._tasks)
        if number not in self._workers:
            self._workers[number] = _Worker(number, self._order, self._messages)
        self._workers[number].give(task)
        self._tasks[number] = task

    def rest(self) -> None:
        """See ``Pool``. They keep nothing from the others."""

    def events(self) -> Sequence[Event]:
        """See ``Pool``. A process that has been silent for long is ended."""
        for number in self._tasks:
            self._workers[number].end_if_silent()
        try:
            number, message = self._messages.get(timeout=_WAIT)
        except Empty:
            return ()
        if message is None:
            worker = self._workers.pop(number)
            worker.close()
            return (WorkerLost(self._tasks.pop(number, None), f"exit code {worker.exit_code}", worker.was_ready),)
        task = self._tasks.get(number)
        if not message or task is None:
            return (WorkerReady(),)
        report = from_builtins(message, WorkerReport)
        if not report.is_last:
            return (TaskProgress(number, task, report.frames, report.total, report.warning),)
        del self._tasks[number]
        return (TaskOutcome(task, report.result, report.failure),)

    def close(self) -> None:
        """See ``Pool``."""
        while self._workers:
            self._workers.popitem()[1].close()
        self._tasks.clear()


class _Worker:
    """A worker process as its driver sees it.

    Args:
        number: of the worker.
        order: what it begins with.
        messages: where its messages go, with its number; None for its end.

    Attributes:
        was_ready: whether it has come as far as its first task.
    """

    def __init__(
        self, number: int, order: WorkerOrder, messages: SimpleQueue[tuple[int, dict[str, Any] | None]]
    ) -> None:
        self.was_ready = False
        self._heard = time.monotonic()

        def heard(message: dict[str, Any]) -> None:
            self._heard, self.was_ready = time.monotonic(), True
            messages.put((number, message))

        self._child = ChildProcess("streamcam.batch.worker", heard=heard, ended=lambda: messages.put((number, None)))
        self._child.send(order)

    @property
    def exit_code(self) -> int | None:
        """What it ended with; None while it runs."""
        return self._child.exit_code

    def give(self, task: Task) -> None:
        """Send it a task. It may have been silent for long before."""
        self._heard = time.monotonic()
        self._child.send(task)

    def end_if_silent(self) -> None:
        """End it if nothing has come from it for too long."""
        if time.monotonic() - self._heard > _PATIENCE:
            self._child.kill()

    def close(self) -> None:
        """End it at once, if it has not ended."""
        self._child.close()
