"""What passes between the driver and its workers: tasks in one direction; progress, warnings and results in the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from streamcam.annotation.outputs import Outputs
from streamcam.batch.edges import Borders
from streamcam.batch.settings import AnnotationSettings
from streamcam.batch.split import FilePart


@dataclass(frozen=True, slots=True)
class Task:
    """One file, or a part of one, to be annotated.

    Attributes:
        id: counts up.
        source: the input.
        outputs: where the results go.
        part: of the video that is to be done, None for all of it.
        name: of the input, for people.
        overwrite: whether what is there may be replaced.
        again: whether it was begun before, by a worker that was lost: what streamcam has left there may be replaced.
    """

    id: int
    source: Path
    outputs: Outputs
    part: FilePart | None = None
    name: str = ""
    overwrite: bool = True
    again: bool = False

    def absolute(self) -> Task:
        """The same, for a process that works in another folder."""
        part = self.part and replace(self.part, clip=self.part.clip.absolute())
        return replace(self, source=self.source.absolute(), outputs=self.outputs.moved(Path.absolute), part=part)


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What was made by a task.

    Attributes:
        output: the annotated file.
        frames: how many it has.
        seconds: how long it took.
        lost: how many frames the input promises that could not be read.
        model: its name.
        layer: that was explained.
        elsewhere: ``(begin, end)`` in seconds, where too little of the evidence was inside the region of interest.
        borders: of a part, what is shown at both ends.
    """

    output: str
    frames: int
    seconds: float
    lost: int
    model: str
    layer: str | None
    elsewhere: tuple[tuple[float, float], ...] = ()
    borders: Borders | None = None


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """Why a task could not be done.

    Attributes:
        reason: one line.
        unforeseen: whether it is no error that streamcam raises on purpose.
        is_of_settings: whether it is about the model or the settings, which all tasks share.
        is_wrong_usage: whether it is about a setting alone: one that cannot be, with this model.
    """

    reason: str
    unforeseen: bool = False
    is_of_settings: bool = False
    is_wrong_usage: bool = False


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """A task that is over: with a result, or with a failure.

    Attributes:
        task: which.
        result: what was made, or None.
        failure: why nothing was, or None.
        cause: the error itself, where it happened in this process.
    """

    task: Task
    result: TaskResult | None = None
    failure: TaskFailure | None = None
    cause: Exception | None = None


@dataclass(frozen=True, slots=True)
class TaskProgress:
    """How far a worker is with its task.

    Attributes:
        worker: its number, from 0.
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


@dataclass(frozen=True, slots=True)
class WorkerOrder:
    """The first message to a worker process, before its tasks.

    Attributes:
        settings: of all tasks.
        threads: of the engine.
    """

    settings: AnnotationSettings
    threads: int


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """A message from a worker about its task: how far it is, a warning, or what came of it.

    Attributes:
        frames: written so far.
        total: how many there will be, None where unknown.
        warning: something that was done differently than asked.
        result: what was made, when it is done.
        failure: why it cannot be done.
    """

    frames: int = 0
    total: int | None = None
    warning: str = ""
    result: TaskResult | None = None
    failure: TaskFailure | None = None

    @property
    def is_last(self) -> bool:
        """Whether the task is over."""
        return self.result is not None or self.failure is not None
