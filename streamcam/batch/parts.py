"""One long video in parts, on their way: which are made, which must be made again, and when they can be joined."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from streamcam.annotation.outputs import Outputs
from streamcam.batch.edges import fits
from streamcam.batch.jobs import Job
from streamcam.batch.join import join
from streamcam.batch.settings import AnnotationSettings
from streamcam.batch.split import FIRST_RUN_IN, FilePart, FrameIndex, borders, cut, index_frames, longer, ticks
from streamcam.batch.task import TaskResult
from streamcam.choices import AudioChoice
from streamcam.sinks.opening import can_be_joined
from streamcam.sources.content import kind_of
from streamcam.sources.video import VideoSource
from streamcam.types import VideoInfo


@dataclass(slots=True)
class SplitFile:
    """A video in parts.

    Attributes:
        job: the video, and where its results go.
        folder: for everything on the way; it is removed at the end.
        info: of the video.
        index: of its frames.
        step: parts begin to read at a multiple of this.
        parts: in their order.
        results: of each part, None while it is not made.
        reach: frames that a clip of a video classifier reaches over, 0 for another model.
        audio: what becomes of the sound.
        overwrite: whether what is there of the job's results may be replaced.
    """

    job: Job
    folder: Path
    info: VideoInfo
    index: FrameIndex
    step: int
    parts: list[FilePart]
    results: list[TaskResult | None]
    reach: int = 0
    audio: AudioChoice = "copy"
    overwrite: bool = True

    def outputs(self, number: int) -> Outputs:
        """Where the results of a part go."""
        place = self.folder / f"part-{number:05d}"
        whole = self.job.outputs
        others = {kind.name: place.with_suffix(kind.ending) for kind, _ in whole.wanted}
        ending = ".webm" if whole.media.suffix.lower() == ".webm" else ".mp4"  # they say which codec
        return Outputs(place.with_suffix(ending), **others, probabilities=whole.probabilities)

    def misfits(self) -> list[int]:
        """Numbers of the parts that do not begin in the state in which the one before them ends. They are cut anew,
        with a longer run-in, and are to be made again.
        """
        found: list[int] = []
        for number in range(1, len(self.parts)):
            one, other, part = self.results[number - 1], self.results[number], self.parts[number]
            if part.run_in == 0 or one is None or other is None or one.borders is None or other.borders is None:
                continue
            if not fits(one.borders, other.borders):
                found.append(number)
        for number in found:
            self.results[number] = None
            old = self.parts[number]
            self.parts[number] = cut(
                self.index, old.first, old.end, longer(old), self.step, self.folder, reach=self.reach
            )
            old.clip.unlink(missing_ok=True)
        return found

    def join(self) -> TaskResult:
        """Put the results of all parts together."""
        made = [result for result in self.results if result]
        parts = [self.outputs(number) for number in range(len(self.parts))]
        times = ticks(self.index, self.info.time_base)
        join(parts, self.job.outputs, self.info, times, self.audio, overwrite=self.overwrite)
        self.discard()
        return replace(
            made[0],
            output=str(self.job.outputs.media),
            frames=len(self.index.times),
            seconds=sum(result.seconds for result in made),
            borders=None,
        )

    def discard(self) -> None:
        """Remove everything that was on the way."""
        shutil.rmtree(self.folder, ignore_errors=True)


def split_file(
    job: Job,
    settings: AnnotationSettings,
    seconds: float,
    folder: Path,
    *,
    overwrite: bool = True,
    reach: Callable[[VideoInfo], int] = lambda _: 0,
) -> SplitFile | None:
    """Cut a video into parts of at least so many seconds; None where it is short, or cannot be cut.

    Not cut are videos with regions of interest, those of which only a stretch is wanted, and those with outputs that
    need the whole of it.

    Args:
        job: the video, and where its results go.
        settings: of all files.
        seconds: of a part, at least.
        folder: for everything on the way.
        overwrite: whether what is there of the job's results may be replaced.
        reach: how many frames of a video the model looks at together, 0 for one.
    """
    needs_whole = settings.roi or settings.is_stretch or any(kind.join is None for kind, _ in job.outputs.wanted)
    needs_whole = needs_whole or not can_be_joined(job.outputs.media, settings.encoding)
    if needs_whole or kind_of(job.source) != "video" or seconds <= 0:
        return None
    with VideoSource(job.source) as source:
        info = source.info
    if info.duration is None or info.duration < 2 * seconds:
        return None
    index = index_frames(job.source)
    if index is None:
        return None
    marks = borders(index, seconds, settings.step)
    if len(marks) < 3:
        return None
    shutil.rmtree(folder, ignore_errors=True)  # what is left of a run that was killed
    folder.mkdir(parents=True)
    together = reach(info)
    parts = [
        cut(index, first, end, FIRST_RUN_IN if first else 0, settings.step, folder, reach=together)
        for first, end in pairwise(marks)
    ]
    audio = settings.encoding.audio
    return SplitFile(job, folder, info, index, settings.step, parts, [None] * len(parts), together, audio, overwrite)
