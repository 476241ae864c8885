"""From a list of jobs to results: skips what is finished, gives the rest to a crew, and notes what came of each."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from streamcam.batch.jobs import Job, check
from streamcam.batch.manifest import Manifest
from streamcam.batch.parts import Parts, parts_of
from streamcam.batch.settings import Settings, Task
from streamcam.batch.storage import Mirror
from streamcam.batch.task import Result, as_json, from_json, remove_stale
from streamcam.batch.workers import Crew, Finished, News
from streamcam.errors import OutputExistsError, SinkError, StreamcamError, plain

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
        settings: of all of them.
        overwrite: whether outputs that are not of this very work may be replaced.
        retry_failed: whether what failed before is tried again.
        split: seconds of the parts into which long files are cut, 0 for never.
        mirror: of storage elsewhere, where the jobs' files lie.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        manifest: Manifest | None,
        settings: Settings,
        *,
        overwrite: bool = False,
        retry_failed: bool = False,
        split: float = 0.0,
        mirror: Mirror | None = None,
    ) -> None:
        self._manifest = manifest
        self._overwrite, self._retry_failed = overwrite, retry_failed
        self._ids = itertools.count()
        self._settings, self._split, self._mirror = settings, split, mirror
        self._held: dict[int, tuple[BaseFileLock, str]] = {}  # by job: its lock, and its key when it was taken
        self._any_done = False
        self._jobs: dict[int, tuple[Job, int | None]] = {}  # by task: the file, and the number of the part
        self._parts: dict[int, Parts] = {}
        self._more: deque[Task] = deque()
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
        except OutputExistsError as error:
            return _failed(job, error)
        except Exception as error:  # a name that no file can have is no reason to leave the others undone
            if self._manifest and isinstance(error, StreamcamError):
                with suppress(OSError):  # where it is not even there
                    self._manifest.write(job, self._manifest.key(job), "failed", reason=str(error))
            return _failed(job, error)
        return None

    def _known(self, job: Job) -> Outcome | None:
        if self._manifest is None or not job.source.exists():
            return None
        entry = self._manifest.entry(job)
        if entry is None:
            return None
        if self._manifest.is_done(job, entry):
            result = from_json(entry.result)
            return None if self._retry_failed and result.lost else Outcome(job, "skipped", result)
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
        was_bad = entry is not None and (entry.state == "failed" or (self._retry_failed and entry.result["lost"] > 0))
        return self._manifest.has_begun(job) or was_bad

    def known_of(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        """What is noted of the jobs of other runs, as far as they are over."""
        for job in jobs:
            with suppress(OSError, StreamcamError):
                if outcome := self._known(job):
                    yield outcome

    def run(self, crew: Crew, told: Callable[[News], object]) -> Iterator[Outcome]:
        """Do what is open. Jobs that another run has are waited for at the end, and not done twice.

        Raises:
            StreamcamError: nothing can be done of any file, since the settings do not fit the model or this machine.
        """
        known: deque[Outcome] = deque()
        with closing(crew.work(self._tasks(known), told)) as work:
            for finished in work:
                if finished.is_of_settings and not self._any_done:
                    raise finished.cause or StreamcamError(finished.error)
                outcome = self._note(finished)
                known += [outcome] if outcome else []
                while known:
                    yield (outcome := known.popleft())
                    if self._mirror and outcome.state != "skipped":
                        self._mirror.release([outcome.job.source, *outcome.job.outputs.files])
        yield from known

    def _tasks(self, known: deque[Outcome]) -> Iterator[Task | None]:
        waiting = deque(self.open)
        passed = 0  # jobs in a row that others have
        while waiting or self._more or self._parts:
            if self._more:
                yield self._more.popleft()
                continue
            if not waiting:
                yield None  # parts are on their way, and may have to be made again
                continue
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
            try:
                outcome = self._begin(job, lock)
            except Exception as error:
                outcome = self._end(job, Finished(self._task(job), error=_reason(job, error), cause=error))
            if outcome:
                known.append(outcome)

    def _begin(self, job: Job, lock: BaseFileLock | None) -> Outcome | None:
        """Take up a job that is ours now; what is known of it, where somebody has done it meanwhile."""
        if self._manifest and lock:
            try:
                key, outcome = self._manifest.key(job), self._known(job)
            except Exception as error:  # it has gone, or somebody has made something else of it
                lock.release()
                return _failed(job, error)
            if outcome and not (outcome.state == "failed before" and self._retry_failed):
                lock.release()
                return outcome
            self._held[id(job)] = lock, key
            self._manifest.begin(job)
        if self._mirror:
            self._mirror.deliver([self._manifest.begun(job)] if self._manifest else ())
            self._mirror.fetch(job)
        self._more += self._tasks_of(job)
        return None

    def _tasks_of(self, job: Job) -> list[Task]:
        """One for the whole file, or one for each of its parts."""
        parts = None
        if self._split:
            media = job.outputs.media
            folder = self._manifest.scratch(job) if self._manifest else media.with_name(f".{media.name}.parts")
            try:
                parts = parts_of(job, self._settings, self._split, folder)
            except Exception:
                parts = None  # whatever it is, it is said of the whole file
        if parts is None:
            return [self._task(job)]
        self._parts[id(job)] = parts
        return [self._task(job, number) for number in range(len(parts.stretches))]

    def _task(self, job: Job, number: int | None = None) -> Task:
        identity = next(self._ids)
        self._jobs[identity] = job, number
        if number is None:
            return Task(identity, job.source, job.outputs, name=self._name(job))
        parts = self._parts[id(job)]
        return Task(identity, job.source, parts.outputs(number), parts.stretches[number], self._name(job))

    def _name(self, job: Job) -> str:
        return self._mirror.name(job.source) if self._mirror else str(job.source)

    def _note(self, finished: Finished) -> Outcome | None:
        job, number = self._jobs.pop(finished.task.id)
        if number is None:
            return self._end(job, finished)
        parts = self._parts.get(id(job))
        if parts is None:  # another part has failed, and the whole is made
            return None
        try:
            if finished.result is None:
                raise SinkError(finished.error)
            parts.results[number] = finished.result
            if None in parts.results:
                return None
            again = parts.misfits()
            self._more += [self._task(job, other) for other in again]
            if again:
                return None
            result = parts.join()
        except Exception:  # what cannot be done in parts is done as a whole
            parts.discard()
            del self._parts[id(job)]
            self._more.append(self._task(job))
            return None
        del self._parts[id(job)]
        return self._end(job, Finished(finished.task, result))

    def _end(self, job: Job, finished: Finished) -> Outcome:
        result, error, cause = finished.result, finished.error, finished.cause
        if self._mirror:
            try:
                self._mirror.deliver(job.outputs.files if result else ())
            except StreamcamError as failure:
                result, error, cause = None, str(failure), failure
        if self._manifest and id(job) in self._held:
            lock, key = self._held.pop(id(job))
            try:
                if result is None:
                    self._manifest.write(job, key, "failed", reason=error)
                else:
                    remove_stale(job)
                    self._manifest.write(job, key, "done", result=as_json(result))
                if self._mirror:
                    self._mirror.deliver([self._manifest.path(job)])
                    self._mirror.remove(self._manifest.begun(job))
            except (OSError, StreamcamError) as failure:
                result, error, cause = None, str(failure), failure
            finally:
                lock.release()
        if result is None:
            return Outcome(job, "failed", None, error, finished.unforeseen, cause)
        self._any_done = True
        return Outcome(job, "done", replace(result, output=str(job.outputs.media)))


def _failed(job: Job, error: Exception) -> Outcome:
    return Outcome(job, "failed", error=_reason(job, error), cause=error)


def _reason(job: Job, error: Exception) -> str:
    return str(error) if isinstance(error, StreamcamError) else f"{job.source}: {plain(error)}"
