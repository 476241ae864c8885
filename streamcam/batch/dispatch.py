"""Gives tasks to workers and takes their outcomes, by the same rules for processes and for actors on a cluster.

A worker that is lost takes only its task with it, which another does once more. A task that loses several workers has
failed. Where several workers in a row cannot even begin, no task is at fault, and nothing more is tried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from streamcam.batch.task import Task, TaskFailure, TaskOutcome, TaskProgress
from streamcam.errors import StreamcamError

# Tasks as they come; None means that there is none for the moment.
Tasks: TypeAlias = Iterator[Task | None]
Progress: TypeAlias = Callable[[TaskProgress], object]

_ATTEMPTS = 2  # workers that may be lost with one task


@dataclass(frozen=True, slots=True)
class WorkerReady:
    """A worker has begun."""


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """A worker has ended without being asked to.

    Attributes:
        task: that it was at, or None.
        why: it ended, in a few words.
        had_begun: whether it had come as far as its first task.
    """

    task: Task | None
    why: str
    had_begun: bool


Event: TypeAlias = TaskOutcome | TaskProgress | WorkerReady | WorkerLost


class Pool(Protocol):
    """Workers that do one task at a time each, in other processes.

    Attributes:
        noun: what several of the workers are called.
        most_unready: how many in a row may fail to begin.
        advice: what people can do then, to be put behind the reason.
    """

    noun: str
    most_unready: int
    advice: str

    @property
    def is_busy(self) -> bool:
        """Whether a task is being done."""
        ...

    def has_place(self) -> bool:
        """Whether another task can be begun now."""
        ...

    def give(self, task: Task) -> None:
        """Begin a task."""
        ...

    def rest(self) -> None:
        """Dismiss workers that have nothing to do: there is no task for them."""
        ...

    def events(self) -> Sequence[Event]:
        """Wait for a moment; what has happened."""
        ...

    def close(self) -> None:
        """End all workers, at once."""
        ...


def dispatch(tasks: Tasks, pool: Pool, progress: Progress) -> Generator[TaskOutcome, None, None]:
    """Let a pool do all tasks. Each outcome is given when it is there, in whatever order; the pool is closed at the end.

    A warning is passed on once, as in one process, although each worker has it: what was assumed of the model, say.

    Raises:
        StreamcamError: the workers cannot begin.
    """
    again: list[Task] = []
    losses: Counter[int] = Counter()  # of workers, by task
    warned: set[str] = set()
    unready = 0  # workers in a row
    more = True
    try:
        while more or again or pool.is_busy:
            while (more or again) and pool.has_place():
                task = again.pop() if again else next(tasks, _END)
                if not isinstance(task, Task):
                    more = task is None
                    break
                pool.give(task)
            if not (more or again):
                pool.rest()
            for event in pool.events():
                match event:
                    case TaskOutcome():
                        unready = 0
                        yield event
                    case TaskProgress() if event.warning in warned:
                        pass
                    case TaskProgress():
                        if event.warning:
                            warned.add(event.warning)
                        progress(event)
                    case WorkerReady():
                        unready = 0
                    case WorkerLost():
                        unready += not event.had_begun
                        if unready >= pool.most_unready:
                            raise StreamcamError(
                                f"{unready} {pool.noun} ended before they could begin ({event.why}){pool.advice}"
                            )
                        if event.task is None:
                            continue
                        losses[event.task.id] += event.had_begun  # else it is not the task's fault
                        if losses[event.task.id] < _ATTEMPTS:
                            again.append(replace(event.task, again=True))
                        else:
                            yield TaskOutcome(event.task, failure=_too_many(event.task, pool, event.why))
    finally:
        pool.close()


_END = object()


def _too_many(task: Task, pool: Pool, why: str) -> TaskFailure:
    return TaskFailure(f"{task.source}: {_ATTEMPTS} {pool.noun} ended while they were at it ({why})")
