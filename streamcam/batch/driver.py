"""From a list of jobs to results: skips what is finished, gives the rest to a crew, and notes what came of each."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from streamcam.batch.crew import Crew, Finished, News
from streamcam.batch.manifest import Manifest
from streamcam.batch.settings import Task
from streamcam.batch.workshop import Result, as_json, from_json, remove_stale
from streamcam.errors import OutputExistsError, StreamcamError
from streamcam.jobs import Job, check

if TYPE_CHECKING:
    from filelock import BaseFileLock

State = Literal["done", "skipped", "failed", "failed before"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job.

    Attributes:
        job: which.
        state: ``skipped`` where it was finished already, ``failed before`` where it was not tried again.
        result: of a job that is done, now or before.
        error: of one that failed.
        unforeseen: whether the error is none that streamcam knows.
        cause: the error itself, where it happened in this process.
    """

    job: Job
    state: State
    result: Result | None = None
    error: str = ""
    unforeseen: bool = False
    cause: BaseException | None = None

    @property
    def failed(self) -> bool:
        """Whether the result is not all that was wanted."""
        return self.result is None or self.result.lost > 0


class Batch:
    """Jobs, and what is known of them.

    Args:
        jobs: what is to be done.
        manifest: of the folder of results, None where results lie elsewhere and nothing is remembered.
        overwrite: whether outputs that are not of this very work may be replaced.
        retry_failed: whether what failed before is tried again.
    """

    def __init__(
        self, jobs: Sequence[Job], manifest: Manifest | None, *, overwrite: bool = False, retry_failed: bool = False
    ) -> None:
        self._manifest = manifest
        self._overwrite, self._retry_failed = overwrite, retry_failed
        self._ids = itertools.count()
        self._locks: dict[int, BaseFileLock] = {}
        self._jobs: dict[int, Job] = {}
        self.open: list[Job] = []
        self.settled: list[Outcome] = []
        for job in jobs:
            outcome = self._settled(job)
            if outcome:
                self.settled.append(outcome)
            else:
                self.open.append(job)

    def _settled(self, job: Job) -> Outcome | None:
        """What is known of a job without doing anything; None where something is to be done."""
        try:
            known = self._known(job)
            if known:
                return known
            check(job, overwrite=self._overwrite or self._is_half_done(job))
        except StreamcamError as error:
            if self._manifest and not isinstance(error, OutputExistsError) and job.source.exists():
                self._manifest.write(job, "failed", reason=str(error))
            return Outcome(job, "failed", error=str(error), cause=error)
        return None

    def _known(self, job: Job) -> Outcome | None:
        if self._manifest is None or not job.source.exists():
            return None
        entry = self._manifest.entry(job)
        if entry is None:
            return None
        if self._manifest.is_done(job, entry):
            return Outcome(job, "skipped", from_json(entry.result))
        if entry.state == "failed" and entry.key == self._manifest.key(job) and not self._retry_failed:
            return Outcome(job, "failed before", error=entry.reason)
        if entry.state == "done" and entry.key != self._manifest.key(job) and not self._overwrite:
            raise OutputExistsError(
                f"{job.outputs.media}: was made with other settings or of another {job.source.name}; "
                "use --overwrite to make it again"
            )
        return None

    def _is_half_done(self, job: Job) -> bool:
        """Whether outputs that are there are what a run which was killed has left of this job."""
        if self._manifest is None:
            return False
        entry = self._manifest.entry(job)
        return self._manifest.has_begun(job) or (entry is not None and entry.state == "failed")

    def run(self, crew: Crew, told: Callable[[News], object]) -> Iterator[Outcome]:
        """Do what is open. Jobs that another run has are waited for at the end, and not done twice."""
        known: deque[Outcome] = deque()
        for finished in crew.work(self._tasks(known), told):
            while known:
                yield known.popleft()
            yield self._note(finished)
        yield from known

    def _tasks(self, known: deque[Outcome]) -> Iterator[Task | None]:
        waiting = deque(self.open)
        passed = 0  # jobs in a row that others have
        while waiting:
            job = waiting.popleft()
            lock = self._manifest.claim(job) if self._manifest else None
            if self._manifest and lock is None:
                waiting.append(job)
                passed += 1
                if passed >= len(waiting):
                    passed = 0
                    yield None
                continue
            passed = 0
            if lock:
                outcome = self._known(job)  # somebody may have done it meanwhile
                if outcome and not (outcome.state == "failed before" and self._retry_failed):
                    lock.release()
                    known.append(outcome)
                    continue
                assert self._manifest
                self._manifest.begin(job)
            task = Task(next(self._ids), job.source, job.outputs)
            self._jobs[task.id] = job
            if lock:
                self._locks[task.id] = lock
            yield task

    def _note(self, finished: Finished) -> Outcome:
        job = self._jobs.pop(finished.task.id)
        result = finished.result
        if self._manifest:
            if result is None:
                self._manifest.write(job, "failed", reason=finished.error)
            else:
                remove_stale(job.outputs.files)
                self._manifest.write(job, "done", result=as_json(result))
            self._locks.pop(finished.task.id).release()
        if result is None:
            return Outcome(job, "failed", None, finished.error, finished.unforeseen, finished.cause)
        return Outcome(job, "done", result)
