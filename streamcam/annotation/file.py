"""One file in, one annotated file out, with what else is wanted of it: records, raw maps, a report."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from streamcam.annotation.outputs import Observer, Outputs, Writing, open_media
from streamcam.annotation.roi import Inspection
from streamcam.choices import Every
from streamcam.drawing.overlay import Overlay
from streamcam.errors import SinkError, SourceError, TooShortError
from streamcam.pipeline.run import run
from streamcam.protocols import Explainer, FileSource, Naming, Steady, Writer
from streamcam.settings import Encoding
from streamcam.sinks.partial import FileSink
from streamcam.sinks.pipe import PipeSink
from streamcam.sinks.video import VideoSink
from streamcam.sources import open_source
from streamcam.sources.images import ImageSource
from streamcam.steady.heat import AHEAD, steadied
from streamcam.system.places import same_place
from streamcam.system.versions import VERSION
from streamcam.types import Explained, Explanation, Frame, Header, VideoInfo

# More than is shown: records are for looking things up later.
_RECORDED_CLASSES = 5


@dataclass(frozen=True, slots=True)
class Annotated:
    """What was done.

    Attributes:
        source: the input.
        output: the annotated file.
        frames: how many frames it has.
        seconds: how long it took.
        lost: how many frames the input promises that could not be read.

    Example: ``annotate_file("a.mp4", outputs, explain).frames``.
    """

    source: Path
    output: Path
    frames: int
    seconds: float
    lost: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a video.

    Attributes:
        source: gives its frames, with the numbers and times that they have in the whole, and some before and after.
        written: numbers of the frames that are written.
    """

    source: FileSource
    written: range


class PartWriter:
    """Writes only the frames of a part; the times of a video begin with it."""

    def __init__(self, sink: FileSink | PipeSink, written: range) -> None:
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


def annotate_file(
    path: str | Path,
    outputs: Outputs,
    explain: Explainer,
    *,
    overlay: Overlay | None = None,
    encoding: Encoding | None = None,
    overwrite: bool = False,
    steady: Steady | None = None,
    naming: Naming | None = None,
    every: Every = 1,
    inspection: Inspection | None = None,
    name: str = "",
    start: float = 0.0,
    end: float | None = None,
    part: Part | None = None,
    opened: Callable[[VideoInfo], object] | None = None,
    progress: Callable[[Frame], object] | None = None,
) -> Annotated:
    """Explain every frame of a video or image and write it annotated.

    After an error or an interrupt, what was done so far is kept, playable, under the outputs' temporary names.

    Args:
        path: the input.
        outputs: where the results go.
        explain: the explainer: a ``GradCAM``, or any other.
        overlay: how the heat is drawn.
        encoding: how a video is compressed.
        overwrite: whether existing files may be replaced.
        steady: from raw explanations to shown heat, see ``run``.
        naming: names and explains one class steadily, in place of the explainer's targets.
        every: explain each Nth frame only, or (``auto``) those whose picture has changed; see ``run``.
        inspection: measures how much of the evidence lies in a region of interest.
        name: of the input in the headers, the path if empty.
        start: of a video, in seconds: what comes before is left out, and times count from there.
        end: of a video, in seconds: what comes after is left out.
        part: reads and writes only a part of the video.
        opened: called with what is known of the input before its first frame.
        progress: called with each frame after it was written.

    Raises:
        SourceError: the input cannot be read.
        SinkError: an output cannot be written.
        Interrupted: by Ctrl-C.

    Example::

        done = streamcam.annotate_file("in.mp4", streamcam.Outputs(Path("out.mp4")), my_explainer)
        print(done.frames)
    """
    path = Path(path)
    overlay = overlay or Overlay(explain.labels)
    began = time.monotonic()
    sinks: list[FileSink | PipeSink] = []
    try:
        with ExitStack() as stack:
            source = stack.enter_context(part.source if part else open_source(path, start=start, end=end))
            _refuse_input(path, outputs)
            with_ = Writing(
                outputs,
                source.info,
                isinstance(source, ImageSource),
                lambda: make_header(
                    name or str(path), explain, start=start, end=end, tone_mapped=source.info.tone_mapped
                ),
                explain.labels,
                max(_RECORDED_CLASSES, overlay.top_k),
                encoding or Encoding(),
                inspection.alert_below if inspection else None,
                overwrite,
            )
            for kind, place in outputs.wanted:
                sinks.append(stack.enter_context(kind.open(place, with_)))
            # The last to be opened is closed first: a report shows the complete video.
            sinks.insert(0, media := open_media(with_))
            stack.enter_context(media)
            if opened:
                opened(source.info)
            writers: list[Writer] = [PartWriter(sink, part.written) for sink in sinks] if part else [*sinks]
            observers = [sink for sink in sinks if isinstance(sink, Observer)]
            shown = _observed(steady or partial(steadied, ahead=AHEAD), inspection, observers)
            frames = run(
                source, explain, writers, overlay=overlay, steady=shown, naming=naming, every=every, progress=progress
            )
    except TooShortError as error:
        raise SourceError(f"{name or path}: {error}") from error
    except KeyboardInterrupt as stop:
        kept = [sink.output.part for sink in sinks if isinstance(sink, FileSink) and sink.output.part.exists()]
        raise Interrupted(kept) from stop
    return Annotated(path, outputs.media, frames, time.monotonic() - began, source.lost)


def _observed(steady: Steady, inspection: Inspection | None, observers: Iterable[Observer]) -> Steady:
    """From raw explanations to shown heat, past everybody who looks at it before it is drawn."""

    def shown(explained: Iterable[Explained]) -> Iterator[Explained]:
        stream = steady(explained)
        stream = inspection.measured(stream) if inspection else stream
        for observer in observers:
            stream = observer.observed(stream)
        return stream

    return shown


def make_header(
    source: str, explain: Explainer, *, start: float = 0.0, end: float | None = None, tone_mapped: str = ""
) -> Header:
    """What a reader of records or heatmaps must know to use them; where only a stretch was wanted, which."""
    return {
        "version": VERSION,
        "source": source,
        **({"start": start} if start else {}),
        **({} if end is None else {"end": end}),
        **({"tone_mapped": tone_mapped} if tone_mapped else {}),
        **explain.describe(),
        "labels": "sha256:" + hashlib.sha256("\n".join(explain.labels).encode()).hexdigest(),
    }


def _refuse_input(path: Path, outputs: Outputs) -> None:
    for output in outputs.files:
        if same_place(output, path):
            raise SinkError(f"{output}: is the input itself; name another output with -o")
