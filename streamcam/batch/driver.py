"""From a list of jobs to outcomes: skips what is finished, gives the rest to workers, and notes what came of each."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from streamcam.batch.dispatch import Progress
from streamcam.batch.jobs import Job
from streamcam.batch.manifest import Manifest
from streamcam.batch.outcome import Outcome
from streamcam.batch.parts import SplitFile, split_file
from streamcam.batch.past import Past
from streamcam.batch.settings import AnnotationSettings
from streamcam.batch.storage import Storage
from streamcam.batch.task import Task, TaskFailure, TaskOutcome
from streamcam.batch.workers import Workers
from streamcam.errors import OptionError, OtherSettingsError, OutputExistsError, SinkError, StreamcamError, plain
from streamcam.explainers.make import sampling_of_model
from streamcam.types import VideoInfo

if TYPE_CHECKING:
    from filelock import BaseFileLock


class Batch:
    """Jobs, and what is known of them.

    Args:
        jobs: what is to be done.
        manifest: of the folder of results, None where results lie elsewhere and nothing is remembered.
        settings: of all of them.
        overwrite: whether outputs that are not of this very work may be replaced.
        retry_failed: whether what failed before is tried again.
        repair: whether each result that is there is read, to see that it is what was made.
        limit: how many jobs are open at most; None for all.
        split: seconds of the parts into which long files are cut, 0 for never.
        storage: elsewhere, where the jobs' files lie.
        named: what files are called in a line.

    Attributes:
        open: jobs that are to be done.
        settled: outcomes of the others, which are known without doing anything.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        manifest: Manifest | None,
        settings: AnnotationSettings,
        *,
        overwrite: bool = False,
        retry_failed: bool = False,
        repair: bool = False,
        limit: int | None = None,
        split: float = 0.0,
        storage: Storage | None = None,
        named: Callable[[str], str] = str,
    ) -> None:
        self._manifest, self._named = manifest, named
        self._past = Past(manifest, storage, overwrite=overwrite, retry_failed=retry_failed, repair=repair)
        self._overwrite, self._retry_failed = overwrite, retry_failed
        self._ids = itertools.count()
        self._settings, self._split, self._storage = settings, split, storage
        self._held: dict[int, tuple[BaseFileLock, str]] = {}  # by job: its lock, and its key when it was taken
        self._again: dict[int, str] = {}  # by job: why something finished is made again
        self._any_done = False
        self._jobs: dict[int, tuple[Job, int | None]] = {}  # by task: the file, and the number of the part
        self._splits: dict[int, SplitFile] = {}  # by job
        self._more: deque[Task] = deque()
        self._refused: list[tuple[Job, StreamcamError]] = []  # which is noted when the work begins
        self.open: list[Job] = []
        self.settled: list[Outcome] = []
        for job in jobs:
            outcome = self._settled(job)
            if outcome:
                self.settled.append(outcome)
            elif limit is None or len(self.open) < limit:
                self.open.append(job)

    @property
    def folder(self) -> Path | None:
        """Of the results, where it remembers them."""
        return self._manifest.root if self._manifest else None

    def _settled(self, job: Job) -> Outcome | None:
        """What is known of a job without doing anything; None where something is to be done."""
        try:
            known = self._past.outcome(job)
            if known:
                return known
            self._past.check(job)
        except OtherSettingsError as error:
            return Outcome(str(job.source), "refused", error=str(error), cause=error, job=job)
        except OutputExistsError as error:
            return _failed(job, error)
        except Exception as error:  # a name that no file can have is no reason to leave the others undone
            if isinstance(error, StreamcamError):
                self._refused.append((job, error))
            return _failed(job, error)
        return None

    def known_of(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        """What is noted of the jobs of other runs, as far as they are over."""
        for job in jobs:
            with suppress(OSError, StreamcamError):
                if outcome := self._past.outcome(job):
                    yield outcome

    def note_refused(self) -> None:
        """Note of the jobs that cannot even be begun that they have failed."""
        for job, error in self._refused:
            with suppress(OSError, StreamcamError):  # where it is not even there
                if self._manifest:
                    self._manifest.write(job, self._manifest.key(job), "failed", reason=str(error))

    def run(self, workers: Workers, progress: Progress) -> Iterator[Outcome]:
        """Do what is open. Jobs that another run has are waited for at the end, and not done twice.

        Raises:
            StreamcamError: nothing can be done of any file, since the settings do not fit the model or this machine.
        """
        known: deque[Outcome] = deque()
        with closing(workers.work(self._tasks(known), progress)) as work:
            for done in work:
                if done.failure and done.failure.is_of_settings and not self._any_done:
                    kind = OptionError if done.failure.is_wrong_usage else StreamcamError
                    raise done.cause or kind(done.failure.reason)
                outcome = self._note(done)
                known += [outcome] if outcome else []
                while known:
                    yield (outcome := known.popleft())
                    if self._storage and outcome.job and outcome.state != "skipped":
                        self._storage.release([outcome.job.source, *outcome.job.outputs.files])
        yield from known

    def _tasks(self, known: deque[Outcome]) -> Iterator[Task | None]:
        waiting = deque(self.open)
        passed = 0  # jobs in a row that others have
        while waiting or self._more or self._splits:
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
                failure = TaskFailure(_reason(job, error))
                outcome = self._end(job, TaskOutcome(self._task(job), failure=failure, cause=error))
            if outcome:
                known.append(outcome)

    def _begin(self, job: Job, lock: BaseFileLock | None) -> Outcome | None:
        """Take up a job that is ours now; what is known of it, where somebody has done it meanwhile."""
        replaced = self._overwrite
        if self._manifest and lock:
            try:
                key, outcome = self._manifest.key(job), self._past.outcome(job)
                if not outcome or (outcome.state == "failed before" and self._retry_failed):
                    replaced = self._past.check(job)  # what has been put there since it was looked at first stays
            except Exception as error:  # it has gone, or somebody has made something else of it
                lock.release()
                return _failed(job, error)
            if outcome and not (outcome.state == "failed before" and self._retry_failed):
                lock.release()
                return outcome
            self._held[id(job)] = lock, key
            self._again[id(job)] = self._past.why(job)
            self._manifest.begin(job)
        if self._storage:
            self._storage.upload([self._manifest.begun(job)] if self._manifest else ())
            self._storage.download(job)
        self._more += self._tasks_of(job, replaced)
        return None

    def _tasks_of(self, job: Job, overwrite: bool) -> list[Task]:
        """One for the whole file, or one for each of its parts."""
        split = None
        if self._split:
            media = job.outputs.media
            folder = self._manifest.scratch(job) if self._manifest else media.with_name(f".{media.name}.parts")
            try:
                split = split_file(job, self._settings, self._split, folder, overwrite=overwrite, reach=self._reach)
            except Exception:
                split = None  # whatever it is, it is said of the whole file
        if split is None:
            return [self._task(job, overwrite=overwrite)]
        self._splits[id(job)] = split
        return [self._task(job, number) for number in range(len(split.parts))]

    def _task(self, job: Job, number: int | None = None, *, overwrite: bool = True, again: bool = False) -> Task:
        identity = next(self._ids)
        self._jobs[identity] = job, number
        name = self._named(str(job.source))
        if number is None:
            return Task(identity, job.source, job.outputs, name=name, overwrite=overwrite, again=again)
        split = self._splits[id(job)]
        return Task(identity, job.source, split.outputs(number), split.parts[number], name)

    @cached_property
    def _reach(self) -> Callable[[VideoInfo], int]:
        """How many frames of a video the model looks at together."""
        sampling = sampling_of_model(self._settings.model, self._settings.explain)
        return lambda info: sampling.span(float(info.frame_rate)) if sampling else 0

    def _note(self, done: TaskOutcome) -> Outcome | None:
        """Take a task that is over; what came of its job, where that is over, too."""
        job, number = self._jobs.pop(done.task.id)
        if number is None:
            return self._end(job, done)
        split = self._splits.get(id(job))
        if split is None:  # another part has failed, and the whole is made
            return None
        try:
            if done.result is None:
                raise SinkError("a part of it cannot be made")
            split.results[number] = done.result
            if None in split.results:
                return None
            again = split.misfits()
            self._more += [self._task(job, other) for other in again]
            if again:
                return None
            result = split.join()
        except Exception:  # what cannot be done in parts is done as a whole
            split.discard()
            del self._splits[id(job)]
            self._more.append(self._task(job, overwrite=split.overwrite, again=True))
            return None
        del self._splits[id(job)]
        return self._end(job, TaskOutcome(done.task, result))

    def _end(self, job: Job, done: TaskOutcome) -> Outcome:
        """Bring the results to their place, and note what came of the job."""
        result = done.result
        reason, cause = done.failure.reason if done.failure else "", done.cause
        try:
            if self._storage:
                self._storage.upload(job.outputs.files if result else ())
        except StreamcamError as failure:
            result, reason, cause = None, str(failure), failure
        if self._manifest and id(job) in self._held:
            lock, key = self._held.pop(id(job))
            try:
                if result is None:
                    self._manifest.write(job, key, "failed", reason=reason)
                else:
                    for part in self._manifest.parts_left(job):
                        part.unlink(missing_ok=True)
                    self._manifest.write(job, key, "done", result=result)
                if self._storage:
                    self._storage.upload([self._manifest.path(job)])
                    self._storage.remove(self._manifest.begun(job))
            except (OSError, StreamcamError) as failure:
                result, reason, cause = None, str(failure), failure
            finally:
                lock.release()
        if result is None:
            unforeseen = done.failure is not None and done.failure.unforeseen
            return Outcome(str(job.source), "failed", None, reason, unforeseen, cause, job)
        self._any_done = True
        return Outcome(
            str(job.source),
            "done",
            replace(result, output=str(job.outputs.media)),
            job=job,
            again=self._again.pop(id(job), ""),
        )


def _failed(job: Job, error: Exception) -> Outcome:
    return Outcome(str(job.source), "failed", error=_reason(job, error), cause=error, job=job)


def _reason(job: Job, error: Exception) -> str:
    return str(error) if isinstance(error, StreamcamError) else f"{job.source}: {plain(error)}"
