"""One file in, one annotated file out: what ``streamcam annotate`` does for each of its inputs."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from streamcam.drawing.overlay import Overlay
from streamcam.errors import SinkError
from streamcam.pipeline.run import run
from streamcam.protocols import Explainer, Naming, Source, Steady, Writer
from streamcam.settings import Encoding
from streamcam.sinks import HeatmapSink, ImageSink, RecordSink, VideoSink
from streamcam.sinks.dataset import DatasetSink
from streamcam.sinks.partial import FileSink
from streamcam.sources import ImageSource, open_source
from streamcam.system.versions import VERSION
from streamcam.types import Explanation, Frame, Header, VideoInfo

# More than is shown: records are for looking things up later.
_RECORDED_CLASSES = 5


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where the results of one input go.

    Attributes:
        media: the annotated video or image.
        records: JSON Lines of what the model said, or None.
        heatmaps: HDF5 of the raw maps, or None.
        report: a page about it, or None; it is written by whoever annotates, from what ``streamcam.annotation.report`` has seen.
        dataset: a Parquet file of what the model said, or None.
        probabilities: whether the heatmaps file also holds the probability of every class.
    """

    media: Path
    records: Path | None = None
    heatmaps: Path | None = None
    report: Path | None = None
    dataset: Path | None = None
    probabilities: bool = False

    @property
    def files(self) -> tuple[Path, ...]:
        """All that are wanted."""
        every = (self.media, self.records, self.heatmaps, self.report, self.dataset)
        return tuple(path for path in every if path)


@dataclass(frozen=True, slots=True)
class Annotated:
    """What was done.

    Attributes:
        source: the input.
        output: the annotated file.
        frames: how many frames it has.
        seconds: how long it took.
        lost: how many frames the input promises that could not be read.
    """

    source: Path
    output: Path
    frames: int
    seconds: float
    lost: int


class PartSource(Source, Protocol):
    """Gives the frames of a part, and some around it."""

    lost: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a video.

    Attributes:
        source: gives its frames, with the numbers and times that they have in the whole, and some before and after.
        written: numbers of the frames that are written.
    """

    source: PartSource
    written: range


class Within:
    """Passes on the frames of a part; a video's times begin with it."""

    def __init__(self, sink: FileSink, written: range) -> None:
        self._sink, self._written = sink, written
        self._start: float | None = None

    def write(self, frame: Frame, explanation: Explanation | None) -> None:
        """Take one frame."""
        if frame.index not in self._written:
            return
        if isinstance(self._sink, VideoSink):
            self._start = frame.time if self._start is None else self._start
            frame = replace(frame, time=frame.time - self._start)
        self._sink.write(frame, explanation)


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while a file was annotated. ``kept`` are the files that hold what was done until then."""

    def __init__(self, kept: list[Path]) -> None:
        super().__init__()
        self.kept = kept


def annotate(
    path: str | Path,
    outputs: Outputs,
    explain: Explainer,
    *,
    overlay: Overlay | None = None,
    encoding: Encoding | None = None,
    overwrite: bool = False,
    steady: Steady | None = None,
    naming: Naming | None = None,
    every: int = 1,
    name: str = "",
    part: Part | None = None,
    opened: Callable[[VideoInfo], object] | None = None,
    progress: Callable[[Frame], object] | None = None,
) -> Annotated:
    """Explain every frame of a video or image and write it annotated.

    After an error or an interrupt, what was done so far is kept, playable, under the outputs' temporary names.

    Args:
        path: the input.
        outputs: where the results go.
        explain: the explainer.
        overlay: how the heat is drawn.
        encoding: how a video is compressed.
        overwrite: whether existing files may be replaced.
        steady: from raw explanations to shown heat, see ``run``.
        naming: names and explains one class steadily, in place of the explainer's targets.
        every: explain each Nth frame only; its map moves along with the picture in the frames between.
        name: of the input in the headers, the path if empty.
        part: reads and writes only a part of the video.
        opened: called with what is known of the input before its first frame.
        progress: called with each frame after it was written.

    Raises:
        SourceError: the input cannot be read.
        SinkError: an output cannot be written.
        Interrupted: by Ctrl-C.
    """
    path = Path(path)
    overlay = overlay or Overlay(explain.labels)
    began = time.monotonic()

    def header() -> Header:
        return make_header(name or str(path), explain)

    sinks: list[FileSink] = []

    def add(sink: FileSink) -> None:
        sinks.append(stack.enter_context(sink))

    try:
        with ExitStack() as stack:
            source = part.source if part else open_source(path)
            stack.enter_context(source)
            _refuse_input(path, outputs)
            if isinstance(source, ImageSource):
                add(ImageSink(outputs.media, overwrite=overwrite))
            else:
                add(VideoSink(outputs.media, source.info, encoding=encoding, overwrite=overwrite))
            if outputs.records:
                top_k = max(_RECORDED_CLASSES, overlay.top_k)
                add(RecordSink(outputs.records, header, explain.labels, top_k=top_k, overwrite=overwrite))
            if outputs.dataset:
                top_k = max(_RECORDED_CLASSES, overlay.top_k)
                add(DatasetSink(outputs.dataset, header, explain.labels, top_k=top_k, overwrite=overwrite))
            if outputs.heatmaps:
                add(HeatmapSink(outputs.heatmaps, header, probabilities=outputs.probabilities, overwrite=overwrite))
            if opened:
                opened(source.info)
            writers: list[Writer] = [Within(sink, part.written) for sink in sinks] if part else [*sinks]
            frames = run(
                source, explain, writers, overlay=overlay, steady=steady, naming=naming, every=every, progress=progress
            )
    except KeyboardInterrupt as stop:
        kept = [sink.output.part for sink in sinks if sink.output.part.exists()]
        raise Interrupted(kept) from stop
    return Annotated(path, outputs.media, frames, time.monotonic() - began, source.lost)


def make_header(source: str, explain: Explainer) -> Header:
    """What a reader of records or heatmaps must know to use them."""
    return {
        "version": VERSION,
        "source": source,
        **explain.describe(),
        "labels": "sha256:" + hashlib.sha256("\n".join(explain.labels).encode()).hexdigest(),
    }


def _refuse_input(path: Path, outputs: Outputs) -> None:
    for output in outputs.files:
        if output.exists() and output.samefile(path):
            raise SinkError(f"{output}: is the input itself; name another output with -o")
