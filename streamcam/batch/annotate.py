"""Annotates many files: plans them, skips what is done, shares the work, and gives what came of each as it comes."""

from __future__ import annotations

import shutil
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

from streamcam.annotation.outputs import KINDS
from streamcam.batch.dispatch import Progress
from streamcam.batch.driver import Batch
from streamcam.batch.index import Thumbnails
from streamcam.batch.jobs import Job, Problem, plan
from streamcam.batch.manifest import Manifest
from streamcam.batch.outcome import Outcome, Summary, summarize
from streamcam.batch.settings import SPLIT, AnnotationSettings
from streamcam.batch.storage import Storage, url_of
from streamcam.batch.workers import InProcess, WorkerProcesses, Workers
from streamcam.errors import OptionError


class CombinationError(OptionError):
    """Options that do not go together, or an option whose text cannot be read.

    Attributes:
        option: which, as on the command line.
        reason: what is wrong with it.
    """

    def __init__(self, option: str, reason: str) -> None:
        super().__init__(f"{option}: {reason}")
        self.option, self.reason = option, reason


def annotate_all(
    inputs: str | Path | Sequence[str | Path],
    output: str | Path | None = None,
    *,
    records: str | Path | None = None,
    heatmaps: str | Path | None = None,
    report: str | Path | None = None,
    dataset: str | Path | None = None,
    probabilities: bool = False,
    settings: AnnotationSettings = AnnotationSettings(),
    overwrite: bool = False,
    retry_failed: bool = False,
    workers: int | None = None,
    shard: str | None = None,
    ray: str | None = None,
    split: float | None = None,
    progress: Progress | None = None,
) -> AnnotationRun:
    """Annotate many videos and images.

    A folder of results remembers what is finished, so that the same call goes on where another has ended::

        from streamcam import annotate_all

        run = annotate_all("archive/", "annotated/", records="annotated/", workers=2)
        print(f"{run.to_do} of {run.total} files are to be done")
        for outcome in run:
            if outcome.result:
                print(outcome.source, outcome.state, outcome.result.frames, "frames in", outcome.result.output)
            else:
                print(outcome.source, outcome.state, outcome.error)
        print(run.summary)

    Nothing is done before the loop, which may be left at any time: workers end with it.

    Args:
        inputs: files, folders, globs or URLs, or one of them.
        output: the file for one input, the folder for several; beside the inputs if None. Inputs by URL need one.
        records: what the model said, as JSON Lines: the file for one input, the folder for several.
        heatmaps: the raw maps, as HDF5: the file for one input, the folder for several.
        report: a page about the result: the file for one input; for several the folder, with an index of all.
        dataset: folder for what the model said as one Parquet data set, partitioned by file.
        probabilities: every class's probability in the heatmaps files.
        settings: which model, what is explained, how it is drawn, …; of all files alike.
        overwrite: whether existing files may be replaced.
        retry_failed: whether what failed before is tried again.
        workers: processes that share the files; None for this one.
        shard: ``"2/16"``: do only the second of sixteen parts, for schedulers.
        ray: address of a Ray cluster, ``"auto"`` for the one that this machine is part of, ``"local"`` to start one here.
        split: seconds of the parts into which longer videos are cut, each a piece of work; 0 for never; None for
            120 where ``workers``, ``shard`` or ``ray`` is given.
        progress: called with how far each worker is, and with its warnings.

    Returns:
        What is to be done; iterate over it to do it.

    Raises:
        CombinationError: options that do not go together.
        OptionError: a setting is outside its range, or two results of one input would go to one file.
        MissingLibraryError: a library that an output needs is not installed.
        SourceError, SinkError: storage elsewhere cannot be read or written, or a region's mask is missing.
    """
    inputs = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    places = {"records": records, "heatmaps": heatmaps, "report": report, "dataset": dataset}
    for kind in KINDS:
        if places[kind.name]:
            kind.check()
    _check_combinations(inputs, {"output": output, **places}, probabilities, settings, workers, ray)
    at, count = _shard(shard) if shard else (0, 1)
    settings.check()
    storage, inputs, found = _stored(inputs, {"output": output, **places})
    folder = found.pop("output")
    jobs, problems = plan(inputs, folder, probabilities=probabilities, **found)
    several = len(jobs) > 1 or len(inputs) > 1 or (bool(inputs) and Path(inputs[0]).is_dir())
    mine, others = jobs[at::count], [job for number, job in enumerate(jobs) if number % count != at]
    manifest = None
    if folder and several:
        manifest = Manifest(folder, settings, named=storage.name if storage else Path.as_posix)
        settings = replace(settings, agreed=manifest.agreed)
    if split is None:
        split = SPLIT if workers or shard or ray else 0.0
    batch = Batch(
        mine, manifest, settings, overwrite=overwrite, retry_failed=retry_failed, split=split, storage=storage
    )

    def begin() -> Workers:
        if ray:
            from streamcam.batch.ray_workers import RayWorkers

            return RayWorkers(settings, None if ray == "local" else ray)
        if workers and workers > 1:
            return WorkerProcesses(settings, workers)
        return InProcess(settings, overwrite=overwrite or manifest is not None)

    thumbnails = Thumbnails(found["report"]) if found["report"] and several else None
    return AnnotationRun(
        batch,
        begin,
        total=len(mine) + len(problems),
        problems=problems,
        others=others,
        several=several,
        is_resumable=manifest is not None,
        storage=storage,
        thumbnails=thumbnails,
        progress=progress or (lambda _: None),
    )


class AnnotationRun:
    """The files of one call of ``annotate_all``. Iterating does them, once, and gives the outcome of each as it comes.

    First come the outcomes that are known without doing anything: inputs that stand for no file, files that are done.
    Ctrl-C ends the loop with ``KeyboardInterrupt``; in this process (no ``workers``) with ``Interrupted``, which says what was
    kept of the file that was being annotated.

    Attributes:
        total: how many inputs there are.
        to_do: how many of them are to be done.
        several: whether the call is about several files at all, rather than a single one.
        is_resumable: whether the same call goes on where this one ends.
        index: path or URL of the page about all files, once it was written at the end of the loop; else None.

    Raises:
        StreamcamError: while iterating: nothing can be done of any file, since the settings do not fit the model, this
            machine or the cluster.
    """

    def __init__(
        self,
        batch: Batch,
        begin: Callable[[], Workers],
        *,
        total: int,
        problems: Sequence[Problem],
        others: Sequence[Job],
        several: bool,
        is_resumable: bool,
        storage: Storage | None,
        thumbnails: Thumbnails | None,
        progress: Progress,
    ) -> None:
        self._batch, self._begin, self._progress = batch, begin, progress
        self._problems, self._others = problems, others
        self._storage, self._thumbnails = storage, thumbnails
        self._outcomes: list[Outcome] = []
        self._began: float | None = None
        self._seconds: float | None = None
        self.total, self.to_do = total, len(batch.open)
        self.several, self.is_resumable = several, is_resumable
        self.index: str | None = None

    @property
    def summary(self) -> Summary:
        """What has come of all inputs so far."""
        seconds = 0.0 if self._began is None else time.monotonic() - self._began
        return summarize(self._outcomes, self.total, seconds if self._seconds is None else self._seconds)

    def __iter__(self) -> Iterator[Outcome]:
        if self._began is not None:
            raise RuntimeError("an AnnotationRun is iterated over once; call annotate_all again to go on")
        self._began = time.monotonic()
        try:
            for problem in self._problems:
                yield self._noted(Outcome(problem.given, "failed", error=str(problem.error), cause=problem.error))
            for outcome in self._batch.settled:
                yield self._noted(outcome)
            if self._batch.open:
                for outcome in self._batch.run(self._begin(), self._progress):
                    if self._thumbnails:
                        self._thumbnails.make(outcome)
                    yield self._noted(outcome)
            self._write_index()
        finally:
            self._seconds = time.monotonic() - self._began

    def _noted(self, outcome: Outcome) -> Outcome:
        """The outcome, with files called as they are in storage elsewhere."""
        if self._storage:
            name, result = self._storage.named, outcome.result
            result = result and replace(result, output=name(result.output))
            outcome = replace(outcome, source=name(outcome.source), error=name(outcome.error), result=result)
        self._outcomes.append(outcome)
        return outcome

    def _write_index(self) -> None:
        if not self._thumbnails:
            return
        outcomes = [*self._outcomes, *self._batch.known_of(self._others)]
        index = self._thumbnails.write_index(outcomes, self._storage.name if self._storage else str)
        if self._storage:
            self._storage.upload([*self._thumbnails.made, index])
        self.index = self._storage.name(index) if self._storage else str(index)


def _check_combinations(
    inputs: Sequence[str | Path],
    places: dict[str, str | Path | None],
    probabilities: bool,
    settings: AnnotationSettings,
    workers: int | None,
    ray: str | None,
) -> None:
    if not settings.roi and settings.track:
        raise CombinationError("--track", "goes with --roi, the region")
    if not settings.roi and settings.alert_below is not None:
        raise CombinationError("--alert-below", "goes with --roi, the region")
    if probabilities and not places["heatmaps"]:
        raise CombinationError("--probabilities", "goes with --heatmaps, the file that holds them")
    if workers and ray:
        raise CombinationError("--workers", "does not go with --ray, which has workers of its own")
    if ray and Path(ray).exists():
        raise CombinationError("--ray", f"takes an address, and {ray} is a file or folder; end with --ray")
    by_url = any(map(url_of, [*inputs, *places.values()]))
    if by_url and ray not in (None, "local"):
        raise CombinationError("--ray", "takes paths that all machines of the cluster share, no URLs")
    if by_url and places["output"] is None:
        raise CombinationError("--output", "goes with inputs by URL: where the results go")


def _shard(text: str) -> tuple[int, int]:
    """The number of a shard, from 0, and how many there are."""
    number, _, count = text.partition("/")
    if not (number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count)):
        raise CombinationError("--shard", "write it as 1/4, 2/4, 3/4, 4/4")
    return int(number) - 1, int(count)


def _stored(
    inputs: Sequence[str | Path], places: dict[str, str | Path | None]
) -> tuple[Storage | None, Sequence[str | Path], dict[str, Path | None]]:
    """Inputs and outputs as files on this machine, and the storage of those that were given by URL."""
    here = {name: Path(place) if place else None for name, place in places.items()}
    if not any(map(url_of, [*inputs, *places.values()])):
        return None, inputs, here
    folder = Path(mkdtemp(prefix="streamcam-"))
    storage = Storage(folder)
    weakref.finalize(storage, shutil.rmtree, folder, ignore_errors=True)
    files = [storage.source(url) if (url := url_of(given)) else given for given in inputs]
    for name, place in places.items():
        if url := url_of(place):
            here[name] = storage.target(url)
    return storage, files, here
