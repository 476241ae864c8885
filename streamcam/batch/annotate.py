"""Annotates many files: plans them, skips what is done, shares the work, and gives what came of each as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from streamcam.annotation.outputs import KINDS, STDOUT
from streamcam.batch.combinations import CombinationError, check_combinations, parse_shard, shard_of
from streamcam.batch.dispatch import Progress
from streamcam.batch.driver import Batch
from streamcam.batch.here import Here
from streamcam.batch.index import Thumbnails
from streamcam.batch.jobs import Job, Problem, plan
from streamcam.batch.manifest import Manifest
from streamcam.batch.outcome import Outcome, Summary, summarize
from streamcam.batch.selection import Selection
from streamcam.batch.settings import SPLIT, AnnotationSettings
from streamcam.batch.standing import NotedRun
from streamcam.batch.workers import InProcess, WorkerProcesses, Workers
from streamcam.sources.inputs import LeftOut, is_folder

__all__ = ["AnnotationRun", "CombinationError", "annotate_all"]


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
    repair: bool = False,
    selection: Selection = Selection(),
    workers: int | None = None,
    shard: str | None = None,
    ray: str | None = None,
    split: float | None = None,
    dry_run: bool = False,
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
        inputs: files, folders, globs or URLs, or one of them; ``"-"`` for standard input, which is read at once.
        output: the file for one input, the folder for several; beside the inputs if None. Inputs by URL need one. ``"-"``
            for standard output, which takes one video.
        records: what the model said, as JSON Lines: the file for one input, the folder for several.
        heatmaps: the raw maps, as HDF5: the file for one input, the folder for several.
        report: a page about the result: the file for one input; for several the folder, with an index of all.
        dataset: folder for what the model said as one Parquet data set, partitioned by file.
        probabilities: every class's probability in the heatmaps files.
        settings: which model, what is explained, how it is drawn, …; of all files alike.
        overwrite: whether existing files may be replaced.
        retry_failed: whether what failed before is tried again.
        repair: whether each result that is there is read, to see that it is still what was made. Missing ones, and what a power
            cut has left of them, are made again without it.
        selection: which of the files that the inputs stand for are taken.
        workers: processes that share the files; None for this one.
        shard: ``"2/16"``: do only the second of sixteen parts, for schedulers.
        ray: address of a Ray cluster, ``"auto"`` for the one that this machine is part of, ``"local"`` to start one here.
        split: seconds of the parts into which longer videos are cut, each a piece of work; 0 for never; None for
            120 where ``workers``, ``shard`` or ``ray`` is given.
        dry_run: only say what is to be done: standard input is not read, and iterating does nothing.
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
    check_combinations(inputs, {"output": output, **places}, probabilities, settings, workers, shard, ray)
    at, count = parse_shard(shard) if shard else (0, 1)
    settings.check()
    here = Here(inputs, {"output": output, **places}, only_look=dry_run)
    folder, found = here.places["output"], {name: here.places[name] for name in places}
    manifest = None
    if folder and folder != STDOUT:
        manifest = Manifest(folder, settings, named=here.storage.name if here.storage else Path.as_posix)
    work = plan(
        here.inputs,
        folder,
        probabilities=probabilities,
        read_besides=settings.files,
        is_result=here.is_result,
        place_of=here.place_of,
        source_of=manifest.source_of if manifest else lambda _: None,
        **found,
    )
    several = len(work.jobs) > 1 or len(inputs) > 1 or any(map(is_folder, here.inputs))
    if manifest and (several or is_folder(manifest.root) or not manifest.root.suffix):
        settings = replace(settings, agreed=manifest.agreed)
    else:
        manifest = None
    chosen = selection.of(work.jobs)
    mine = [job for job in chosen if shard_of(job, folder, count) == at]
    others = [job for job in work.jobs if job not in set(mine)]
    if folder == STDOUT:
        split = 0.0
    elif split is None:
        split = SPLIT if workers or shard or ray else 0.0
    batch = Batch(
        mine,
        manifest,
        settings,
        overwrite=overwrite,
        retry_failed=retry_failed,
        repair=repair,
        limit=selection.limit,
        split=split,
        storage=here.storage,
        named=here.named,
    )

    def begin() -> Workers:
        if ray:
            from streamcam.batch.ray_workers import RayWorkers

            return RayWorkers(settings, None if ray == "local" else ray)
        if workers and workers > 1:
            return WorkerProcesses(settings, workers)
        return InProcess(settings)

    thumbnails = None
    if found["report"] and several:
        lent = here.storage.lent if here.storage else nullcontext
        thumbnails = Thumbnails(found["report"], overwrite=overwrite, lent=lent)
    return AnnotationRun(
        batch,
        begin,
        total=len(batch.settled) + len(batch.open) + len(work.problems),
        problems=work.problems,
        left_out=work.left_out,
        others=others,
        several=several,
        is_resumable=manifest is not None,
        here=here,
        only_look=dry_run,
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
        left_out: what the inputs hold besides, and is not taken.
        index: path or URL of the page about all files, once it was written at the end of the loop; else None.

    Raises:
        StreamcamError: while iterating: nothing can be done of any file, since the settings do not fit the model, this
            machine or the cluster.

    Example: ``for outcome in annotate_all("archive/"): print(outcome.state)``.
    """

    def __init__(
        self,
        batch: Batch,
        begin: Callable[[], Workers],
        *,
        total: int,
        problems: Sequence[Problem],
        left_out: Sequence[LeftOut],
        others: Sequence[Job],
        several: bool,
        is_resumable: bool,
        here: Here,
        only_look: bool,
        thumbnails: Thumbnails | None,
        progress: Progress,
    ) -> None:
        self._batch, self._begin, self._progress = batch, begin, progress
        self._problems, self._others = problems, others
        self._here, self._only_look, self._thumbnails = here, only_look, thumbnails
        self.left_out = left_out
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

    @property
    def known(self) -> tuple[Outcome, ...]:
        """What is known without doing anything: inputs that stand for no file, files that are done or cannot be done."""
        problems = (
            Outcome(problem.given, "failed", error=str(problem.error), cause=problem.error)
            for problem in self._problems
        )
        return tuple(map(self._named, (*problems, *self._batch.settled)))

    @property
    def planned(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What is to be done: each input, and the files that are made of it, the annotated one first."""
        name = self._here.named
        return tuple(
            (name(str(job.source)), tuple(name(str(path)) for path in job.outputs.files)) for job in self._batch.open
        )

    def __iter__(self) -> Iterator[Outcome]:
        if self._began is not None:
            raise RuntimeError("an AnnotationRun is iterated over once; call annotate_all again to go on")
        self._began = time.monotonic()
        try:
            for outcome in self.known:
                self._outcomes.append(outcome)
                yield outcome
            if self._only_look:
                return
            if any(outcome.state == "refused" for outcome in self._outcomes):
                return  # what is there stays as it is, its page too, and nothing of other settings is put beside it
            self._batch.note_refused()
            if self._batch.open:
                with NotedRun(self._batch.folder, self.to_do, self._progress) as noted:
                    for outcome in self._batch.run(self._begin(), noted.progress):
                        if self._thumbnails:
                            self._thumbnails.make(outcome)
                        named = self._noted(outcome)
                        noted.over(named)
                        yield named
            self._write_index()
        finally:
            self._seconds = time.monotonic() - self._began

    def _named(self, outcome: Outcome) -> Outcome:
        """The outcome, with files called as they were given."""
        name, result = self._here.named, outcome.result
        result = result and replace(result, output=name(result.output))
        return replace(outcome, source=name(outcome.source), error=name(outcome.error), result=result)

    def _noted(self, outcome: Outcome) -> Outcome:
        self._outcomes.append(self._named(outcome))
        return self._outcomes[-1]

    def _write_index(self) -> None:
        if not self._thumbnails:
            return
        outcomes = [*self._outcomes, *self._batch.known_of(self._others)]
        index = self._thumbnails.write_index(outcomes, lambda path: self._here.named(str(path)))
        if self._here.storage:
            self._here.storage.upload([*self._thumbnails.made, index])
        self.index = self._here.named(str(index))
