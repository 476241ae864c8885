"""From the inputs of one call to a list of jobs: which file goes where."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from streamcam.annotation.file import Outputs
from streamcam.errors import OptionError, StreamcamError
from streamcam.sinks.partial import refuse_existing
from streamcam.sources.images import IMAGE_SUFFIXES, check_readable
from streamcam.sources.inputs import MARK, files_of

# Containers that hold H.264 and that streamcam can keep playable when it is killed; others become .mp4.
_KEPT_VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".mkv"})
_LONGEST_NAME = 200  # of a folder in a data set: file systems take 255 bytes
_KEPT_IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})


@dataclass(frozen=True, slots=True)
class Job:
    """One input and where its results go."""

    source: Path
    outputs: Outputs


def plan(
    inputs: Sequence[str | Path],
    output: Path | None = None,
    *,
    records: Path | None = None,
    heatmaps: Path | None = None,
    report: Path | None = None,
    dataset: Path | None = None,
    probabilities: bool = False,
) -> tuple[list[Job], list[StreamcamError]]:
    """Lay out the work. No file is opened.

    One file as the only input makes ``output``, ``records``, ``heatmaps`` and ``report`` names of files, unless they are folders
    or have no ending; otherwise they name folders, in which the tree of each input folder is kept. No two jobs write the same
    file: ``clip.avi`` beside ``clip.mp4`` becomes ``clip.avi.cam.mp4``, and a second ``clip.mp4`` ``clip.mp4-2.cam.mp4``; the
    records of ``clip.jpg`` beside ``clip.mp4`` are ``clip.jpg.jsonl``.

    Raises:
        OptionError: two results of one input would go to the same file.

    Returns:
        The jobs, and an error for each input that stands for no file.
    """
    found: list[tuple[Path, Path]] = []  # file, and its place below the output folder
    problems: list[StreamcamError] = []
    for given in inputs:
        root = Path(given)
        try:
            files = files_of(given)
        except StreamcamError as error:
            problems.append(error)
            continue
        found += [(file, file.relative_to(root) if root.is_dir() else Path(file.name)) for file in files]
    found = list(dict.fromkeys(found))

    single = len(found) == 1 and len(inputs) == 1 and found[0][0] == Path(inputs[0])
    usual = Counter(_beside(file, _name(file), output, place) for file, place in found)
    stems = Counter(place.with_suffix("") for _, place in found)
    taken: set[Path] = set()
    jobs: list[Job] = []
    for file, place in found:
        media = _beside(file, _name(file), output, place)
        if usual[media] > 1:
            media = _beside(file, _name(file, whole=True), output, place)
        if single and output and not _is_folder(output):
            media = output
        media = _free(media, taken)
        stem = _stem(media)
        if stem == file.stem and stems[place.with_suffix("")] > 1:
            stem = file.name
        outputs = Outputs(
            media,
            _data(records, place.with_name(f"{stem}.jsonl"), single=single),
            _data(heatmaps, place.with_name(f"{stem}.h5"), single=single),
            _data(report, place.with_name(f"{stem}.html"), single=single),
            _partition(dataset, place, media) if dataset else None,
            probabilities,
        )
        for path in outputs.files[1:]:
            if path in taken:
                raise OptionError(f"{path}: is wanted for two different results; give each its own name")
            taken.add(path)
        jobs.append(Job(file, outputs))
    return jobs, problems


def check(job: Job, *, overwrite: bool) -> None:
    """Find out, before anything heavy is loaded, whether the input is there and its outputs are not.

    Raises:
        SourceError: the input is missing or empty.
        OutputExistsError: an output exists and may not be replaced.
        SinkError: a folder has the name of an output.
    """
    check_readable(job.source)
    for path in job.outputs.files:
        refuse_existing(path, overwrite=overwrite)


def _name(file: Path, *, whole: bool = False) -> str:
    suffix = file.suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        kept, fallback = _KEPT_IMAGE_SUFFIXES, ".png"
    else:
        kept, fallback = _KEPT_VIDEO_SUFFIXES, ".mp4"
    return f"{file.name if whole else file.stem}{MARK}{file.suffix if suffix in kept else fallback}"


def _beside(file: Path, name: str, folder: Path | None, place: Path) -> Path:
    return file.with_name(name) if folder is None else folder / place.with_name(name)


def _free(path: Path, taken: set[Path]) -> Path:
    """The path, with a number where another job has it, and note that it is taken now."""
    free, number = path, 2
    while free in taken:
        free, number = path.with_name(f"{_stem(path)}-{number}{MARK}{path.suffix}"), number + 1
    taken.add(free)
    return free


def _is_folder(path: Path) -> bool:
    return path.is_dir() or not path.suffix


def _stem(media: Path) -> str:
    """What an annotated file has in common with the other results of its input: ``clip`` of ``clip.cam.mp4``."""
    return media.name.removesuffix(media.suffix).removesuffix(MARK)


def _data(path: Path | None, place: Path, *, single: bool) -> Path | None:
    """Where records, heatmaps or a report go."""
    return path if path is None or (single and not _is_folder(path)) else path / place


def _partition(dataset: Path, place: Path, media: Path) -> Path:
    """Where the Parquet file of an input goes: ``file=a%2Fclip.mp4/records.parquet``, which readers take for a column."""
    name = quote(place.with_name(_stem(media) + place.suffix).as_posix(), safe="", errors="surrogateescape")
    if len(name) > _LONGEST_NAME:
        name = f"{name[:_LONGEST_NAME]}~{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    return dataset / f"file={name}" / "records.parquet"
