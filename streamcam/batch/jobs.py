"""From the inputs of one call to a list of jobs: which file goes where."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from streamcam.annotation.outputs import KINDS, Outputs
from streamcam.errors import OptionError, StreamcamError
from streamcam.sinks.partial import refuse_existing
from streamcam.sources.content import kind_of
from streamcam.sources.images import check_readable
from streamcam.sources.inputs import MARK, files_of

# Containers that hold H.264 and that streamcam can keep playable when it is killed; others become .mp4.
_KEPT_VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".mkv"})
_LONGEST_NAME = 200  # of a folder in a data set: file systems take 255 bytes
_KEPT_IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})


@dataclass(frozen=True, slots=True)
class Job:
    """One input file and where its results go."""

    source: Path
    outputs: Outputs


@dataclass(frozen=True, slots=True)
class Problem:
    """An input that stands for no file: as it was given, and why."""

    given: str
    error: StreamcamError


def plan(
    inputs: Sequence[str | Path], output: Path | None = None, *, probabilities: bool = False, **places: Path | None
) -> tuple[list[Job], list[Problem]]:
    """Lay out the work. Of each file, its first bytes are read at most.

    One file as the only input makes ``output`` and the other places names of files, unless they are folders or have no ending;
    otherwise they name folders, in which the tree of each input folder is kept. No two jobs write the same
    file: ``clip.avi`` beside ``clip.mp4`` becomes ``clip.avi.cam.mp4``, and a second ``clip.mp4`` ``clip.mp4-2.cam.mp4``; the
    records of ``clip.jpg`` beside ``clip.mp4`` are ``clip.jpg.jsonl``.

    Args:
        inputs: files, folders or globs.
        output: where annotated files go, beside their inputs if None.
        probabilities: whether heatmaps files also hold the probability of every class.
        places: where each kind of output goes, by its name in ``annotation.outputs.KINDS``; those that are wanted.

    Raises:
        OptionError: two results of one input would go to the same file.

    Returns:
        The jobs, and the inputs that stand for no file.
    """
    found: list[tuple[Path, Path]] = []  # file, and its place below the output folder
    problems: list[Problem] = []
    for given in inputs:
        root = Path(given)
        try:
            files = files_of(given)
        except StreamcamError as error:
            problems.append(Problem(str(given), error))
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
        others = {
            kind.name: _partition(wanted, place, media, kind.ending)
            if kind.partitioned
            else _data(wanted, place.with_name(f"{stem}{kind.ending}"), single=single)
            for kind in KINDS
            if (wanted := places.get(kind.name))
        }
        outputs = Outputs(media, **others, probabilities=probabilities)
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


def remove_stale(job: Job) -> None:
    """Remove what runs that were killed have left of outputs which are complete now."""
    no_inputs = {kind.ending for kind in KINDS}
    for path in job.outputs.files:
        for part in path.parent.glob(f"{_literal(path.stem)}.part*{_literal(path.suffix)}"):
            is_ours = re.fullmatch(r"\.part\d*", part.stem.removeprefix(path.stem))
            namesakes = job.source.parent.glob(f"{_literal(part.stem)}.*")
            # Somebody may have called an input so, whose results these are then.
            if is_ours and all(other == part or other.suffix in no_inputs for other in namesakes):
                part.unlink(missing_ok=True)


def _literal(name: str) -> str:
    """A name in which nothing stands for something else."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _name(file: Path, *, whole: bool = False) -> str:
    suffix = file.suffix.lower()
    if kind_of(file) == "image":
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


def _data(path: Path, place: Path, *, single: bool) -> Path:
    """Where a file of one kind goes: the path itself, or a place below it."""
    return path if single and not _is_folder(path) else path / place


def _partition(dataset: Path, place: Path, media: Path, ending: str) -> Path:
    """Where the file of a data set goes: ``file=a%2Fclip.mp4/records.parquet``, which readers take for a column."""
    name = quote(place.with_name(_stem(media) + place.suffix).as_posix(), safe="", errors="surrogateescape")
    if len(name) > _LONGEST_NAME:
        name = f"{name[:_LONGEST_NAME]}~{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    return dataset / f"file={name}" / f"records{ending}"
