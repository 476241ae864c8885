"""The kinds of files that one annotated input can give: what each is called, how it is written, how parts of it are joined.

Every input gives its annotated picture or video. What it gives besides stands in one table, ``KINDS``: a new kind is a
sink, a field of ``Outputs``, a row here, and the keyword of ``annotate_all`` with its option in ``cli/annotate.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from streamcam.annotation.report import ReportPage
from streamcam.annotation.report import check_library as check_report_library
from streamcam.errors import SinkError
from streamcam.settings import Encoding
from streamcam.sinks.dataset import DatasetSink, join_datasets
from streamcam.sinks.dataset import check_library as check_dataset_library
from streamcam.sinks.heatmaps import HeatmapSink, join_heatmaps
from streamcam.sinks.image import ImageSink
from streamcam.sinks.opening import open_video
from streamcam.sinks.partial import FileSink
from streamcam.sinks.pipe import PipeSink
from streamcam.sinks.records import RecordSink, join_records
from streamcam.types import Explained, Header, VideoInfo

STDOUT = Path("-")


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where the results of one input go.

    Attributes:
        media: the annotated video or image; ``STDOUT`` for a video that another program reads while it is made.
        records: JSON Lines of what the model said, or None.
        heatmaps: HDF5 of the raw maps, or None.
        report: a page about the result, or None.
        dataset: a Parquet file of what the model said, or None.
        probabilities: whether the heatmaps file also holds the probability of every class.

    Example::

        streamcam.annotate_file("a.mp4", streamcam.Outputs(Path("a.cam.mp4"), records=Path("a.jsonl")), explain)
    """

    media: Path
    records: Path | None = None
    heatmaps: Path | None = None
    report: Path | None = None
    dataset: Path | None = None
    probabilities: bool = False

    def path_of(self, kind: OutputKind) -> Path | None:
        """Where the file of one kind goes, None where it is not wanted."""
        path: Path | None = getattr(self, kind.name)
        return path

    @property
    def wanted(self) -> tuple[tuple[OutputKind, Path], ...]:
        """The kinds of files that are wanted besides the media, each with its path."""
        return tuple((kind, path) for kind in KINDS if (path := self.path_of(kind)))

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that are wanted, the media first where it is one."""
        return *(() if self.media == STDOUT else (self.media,)), *(path for _, path in self.wanted)

    def moved(self, move: Callable[[Path], Path]) -> Outputs:
        """The same files in other places."""
        others = {kind.name: move(path) for kind, path in self.wanted}
        return Outputs(move(self.media), **others, probabilities=self.probabilities)


@dataclass(frozen=True, slots=True)
class Writing:
    """What the files of one input are written with.

    Attributes:
        outputs: all of them.
        info: of the source.
        is_image: whether the source is one image.
        header: gives what a reader must know of the settings; all of it is known once a frame was explained.
        labels: one name a class.
        top_k: how many of the most probable classes are recorded of each frame.
        encoding: how a video is compressed.
        alert_below: share of the evidence in the region of interest under which frames are marked, or None.
        overwrite: whether existing files may be replaced.
    """

    outputs: Outputs
    info: VideoInfo
    is_image: bool
    header: Callable[[], Header]
    labels: tuple[str, ...]
    top_k: int
    encoding: Encoding
    alert_below: float | None
    overwrite: bool


@runtime_checkable
class Observer(Protocol):
    """A sink that also looks at each frame, with its heat, before anything is drawn on it."""

    def observed(self, stream: Iterable[Explained]) -> Iterator[Explained]:
        """The same frames."""
        ...


@dataclass(frozen=True, slots=True)
class OutputKind:
    """A kind of file that an input can give besides the annotated one.

    Attributes:
        name: the field of ``Outputs``, and the keyword of ``annotate_all``.
        ending: of the file's name.
        open: the sink that writes it.
        join: puts the files of consecutive parts of a video together as one, None where a video must be done in one piece.
        check: raises ``MissingLibraryError`` where a library that it needs is not installed.
        partitioned: whether each input has a folder of its own, as readers of data sets expect, whatever was asked for.
    """

    name: str
    ending: str
    open: Callable[[Path, Writing], FileSink]
    join: Callable[[Sequence[Path], Path], None] | None = None
    check: Callable[[], None] = lambda: None
    partitioned: bool = False


def open_media(with_: Writing) -> FileSink | PipeSink:
    """The sink of the annotated picture or video."""
    path = with_.outputs.media
    if path == STDOUT:
        if with_.is_image:
            raise SinkError("standard output takes videos; name a file for the image with -o")
        return PipeSink(with_.info, encoding=with_.encoding)
    if with_.is_image:
        return ImageSink(path, overwrite=with_.overwrite)
    return open_video(path, with_.info, encoding=with_.encoding, overwrite=with_.overwrite)


def _records(path: Path, with_: Writing) -> FileSink:
    return RecordSink(path, with_.header, with_.labels, top_k=with_.top_k, overwrite=with_.overwrite)


def _heatmaps(path: Path, with_: Writing) -> FileSink:
    probabilities = with_.outputs.probabilities
    return HeatmapSink(path, with_.header, probabilities=probabilities, overwrite=with_.overwrite)


def _report(path: Path, with_: Writing) -> FileSink:
    return ReportPage(
        path, with_.header, with_.labels, with_.outputs.media, alert_below=with_.alert_below, overwrite=with_.overwrite
    )


def _dataset(path: Path, with_: Writing) -> FileSink:
    return DatasetSink(path, with_.header, with_.labels, top_k=with_.top_k, overwrite=with_.overwrite)


KINDS = (
    OutputKind("records", ".jsonl", _records, join_records),
    OutputKind("heatmaps", ".h5", _heatmaps, join_heatmaps),
    OutputKind("report", ".html", _report, check=check_report_library),
    OutputKind("dataset", ".parquet", _dataset, join_datasets, check_dataset_library, partitioned=True),
)
