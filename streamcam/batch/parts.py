"""The parts of one long file on their way: which are made, which must be made again, and when they can be joined."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from streamcam.annotation.file import Outputs
from streamcam.batch.jobs import Job
from streamcam.batch.join import join
from streamcam.batch.settings import Settings, Stretch
from streamcam.batch.split import FIRST_RUN_IN, Layout, borders, cut, fits, layout, longer, ticks
from streamcam.batch.task import Result
from streamcam.sources.images import IMAGE_SUFFIXES
from streamcam.sources.video import VideoSource
from streamcam.types import VideoInfo


@dataclass(slots=True)
class Parts:
    """A file in parts.

    Attributes:
        job: the file.
        folder: for everything on the way; it is removed at the end.
        stretches: the parts.
        results: of each part, None while it is not made.
        info: of the file.
        layout: of the file.
        every: of the frames, one is explained.
    """

    job: Job
    folder: Path
    info: VideoInfo
    layout: Layout
    every: int
    stretches: list[Stretch]
    results: list[Result | None]

    def outputs(self, number: int) -> Outputs:
        """Where the results of a part go."""

        def place(path: Path | None, suffix: str) -> Path | None:
            return path and self.folder / f"part-{number:05d}{suffix}"

        whole = self.job.outputs
        return Outputs(
            self.folder / f"part-{number:05d}.mp4",
            place(whole.records, ".jsonl"),
            place(whole.heatmaps, ".h5"),
            None,
            place(whole.dataset, ".parquet"),
            whole.probabilities,
        )

    def misfits(self) -> list[int]:
        """Numbers of the parts that do not begin in the state in which the one before them ends. They are cut anew,
        with a longer run-in, and are to be made again.
        """
        found: list[int] = []
        for number in range(1, len(self.stretches)):
            one, other, stretch = self.results[number - 1], self.results[number], self.stretches[number]
            if stretch.run_in == 0 or one is None or other is None or one.edges is None or other.edges is None:
                continue
            if not fits(one.edges, other.edges):
                found.append(number)
        for number in found:
            self.results[number] = None
            old = self.stretches[number]
            self.stretches[number] = cut(self.layout, old.first, old.end, longer(old), self.every, self.folder)
            old.clip.unlink(missing_ok=True)
        return found

    def join(self) -> Result:
        """Put the results together."""
        made = [result for result in self.results if result]
        parts = [self.outputs(number) for number in range(len(self.stretches))]
        join(parts, self.job.outputs, self.info, ticks(self.layout, self.info.time_base))
        self.discard()
        return replace(
            made[0],
            output=str(self.job.outputs.media),
            frames=len(self.layout.times),
            seconds=sum(result.seconds for result in made),
            edges=None,
        )

    def discard(self) -> None:
        """Remove everything that was on the way."""
        shutil.rmtree(self.folder, ignore_errors=True)


def parts_of(job: Job, settings: Settings, seconds: float, folder: Path) -> Parts | None:
    """Cut a file into parts of at least so many seconds; None where it is short, or cannot be cut.

    Not cut are files with regions of interest or a report, which look at the whole.
    """
    if settings.roi or job.outputs.report or job.source.suffix.lower() in IMAGE_SUFFIXES or seconds <= 0:
        return None
    with VideoSource(job.source) as source:
        info = source.info
    if info.duration is None or info.duration < 2 * seconds:
        return None
    found = layout(job.source)
    if found is None:
        return None
    marks = borders(found, seconds, settings.every)
    if len(marks) < 3:
        return None
    shutil.rmtree(folder, ignore_errors=True)  # what is left of a run that was killed
    folder.mkdir(parents=True)
    stretches = [
        cut(found, first, end, FIRST_RUN_IN if first else 0, settings.every, folder) for first, end in pairwise(marks)
    ]
    return Parts(job, folder, info, found, settings.every, stretches, [None] * len(stretches))
