"""From the inputs of one call to a list of jobs: which file goes where."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from streamcam.annotation.outputs import KINDS, STDOUT, Outputs
from streamcam.errors import OptionError, SinkError, SourceError, StreamcamError
from streamcam.sinks.partial import refuse_existing
from streamcam.sources.content import kind_of
from streamcam.sources.images import check_readable
from streamcam.sources.inputs import MARK, LeftOut, find, is_folder, is_named_as_result
from streamcam.system.places import Places

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


@dataclass(frozen=True, slots=True)
class Plan:
    """The work of one call.

    Attributes:
        jobs: what is to be done.
        problems: inputs that stand for no file, and those whose results would replace another input.
        left_out: what the inputs hold besides, and is not taken.
    """

    jobs: tuple[Job, ...]
    problems: tuple[Problem, ...]
    left_out: tuple[LeftOut, ...]


def plan(
    inputs: Sequence[str | Path],
    output: Path | None = None,
    *,
    probabilities: bool = False,
    read_besides: Sequence[Path] = (),
    is_result: Callable[[Path], bool] = is_named_as_result,
    place_of: Callable[[Path], Hashable] | None = None,
    source_of: Callable[[Path], str | None] = lambda _: None,
    **places: Path | None,
) -> Plan:
    """Lay out the work. Of each file, its first bytes are read at most; nothing is written.

    One file as the only input makes ``output`` and the other places names of files, unless they are folders or have no ending;
    otherwise they name folders, in which the tree of each input folder is kept. No two jobs write the same
    file: ``clip.avi`` beside ``clip.mp4`` becomes ``clip.avi.cam.mp4``, and a second ``clip.mp4`` ``clip.mp4-2.cam.mp4``; the
    records of ``clip.jpg`` beside ``clip.mp4`` are ``clip.jpg.jsonl``. And none writes a file that the call reads.

    Args:
        inputs: files, folders or globs.
        output: where annotated files go, beside their inputs if None.
        probabilities: whether heatmaps files also hold the probability of every class.
        read_besides: what else is read: the model's file, and others.
        is_result: whether streamcam has written a file: then it is no input.
        place_of: a value that is equal for all paths of one file; found out from the file system if None.
        source_of: the input that a result was made of, as it was noted, or None: a name once given stays.
        places: where each kind of output goes, by its name in ``annotation.outputs.KINDS``; those that are wanted.

    Raises:
        OptionError: two results of one input would go to the same file.
    """
    place_of = place_of or Places().of
    found, problems, left_out = _found(inputs, is_result, in_folder=output is not None)
    single = len(found) == 1 and len(inputs) == 1 and found[0][0] == Path(inputs[0])
    usual = Counter(_beside(file, _name(file), output, place) for file, place in found)
    stems = Counter(place.with_suffix("") for _, place in found)
    taken: set[Hashable] = set()
    jobs: list[Job] = []
    for file, place in found:
        media, whole = (_beside(file, _name(file, whole=longer), output, place) for longer in (False, True))
        if _has_longer(file, media, whole, usual[media], source_of):
            media = whole
        if single and output and (output == STDOUT or not _is_folder(output)):
            media = output
        media = _free(media, taken, place_of)
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
            if place_of(path) in taken:
                raise OptionError(f"{path}: is wanted for two different results; give each its own name")
            taken.add(place_of(path))
        jobs.append(Job(file, outputs))
    read = {place_of(path): path for path in (*read_besides, *(job.source for job in jobs))}
    harmful = {job: error for job in jobs if (error := _replaces_input(job, read, place_of))}
    problems += [Problem(str(job.source), error) for job, error in harmful.items()]
    return Plan(tuple(job for job in jobs if job not in harmful), tuple(problems), tuple(left_out))


def _found(
    inputs: Sequence[str | Path], is_result: Callable[[Path], bool], *, in_folder: bool
) -> tuple[list[tuple[Path, Path]], list[Problem], list[LeftOut]]:
    """The files that the inputs stand for, each with its place below the folder of results."""
    found: dict[tuple[Path, Path | None], tuple[Path, Path]] = {}
    problems: list[Problem] = []
    left_out: list[LeftOut] = []
    for given in inputs:
        root = Path(given)
        try:
            there = find(given, is_result=is_result)
        except StreamcamError as error:
            problems.append(Problem(str(given), error))
            continue
        left_out += there.left_out
        problems += [Problem(str(given), error) for error in there.unreadable]
        is_named = there.files == (root,)
        if is_named and is_result(root):
            left_out.append(LeftOut(str(given), "result", (root,)))
            continue
        twice: list[Path] = []
        for file in there.files:
            place = Path(file.name) if is_named or not is_folder(root) else file.relative_to(root)
            once = Path(os.path.realpath(file.parent), file.name), place if in_folder else None
            if once in found:
                twice.append(file)
            found.setdefault(once, (file, place))
        if twice:
            left_out.append(LeftOut(str(given), "twice", tuple(twice)))
    if not found and not problems:  # nothing is left of them
        problems = [
            Problem(some.given, SourceError(f"{some.given}: was made by streamcam; give the file that it was made of"))
            for some in left_out
            if some.why == "result"
        ]
        left_out = []
    return list(found.values()), problems, left_out


def _replaces_input(
    job: Job, read: dict[Hashable, Path], place_of: Callable[[Path], Hashable]
) -> StreamcamError | None:
    """Why a job's results cannot be written: one of them is a file that is read."""
    for path in job.outputs.files:
        other = read.get(place_of(path))
        if other == job.source:
            return SinkError(f"{path}: is the input itself; name another output with -o")
        if other is not None:
            same = "" if str(other) == str(path) else f", {other}"
            return SinkError(f"{path}: is an input, too{same}; name another output with -o")
    return None


def check(job: Job, *, may_replace: Callable[[Path], bool]) -> None:
    """Find out, before anything heavy is loaded, whether the input is there and its outputs are not.

    Args:
        job: which.
        may_replace: whether a file that is there may be replaced.

    Raises:
        SourceError: the input is missing or empty.
        OutputExistsError: an output exists and may not be replaced.
        SinkError: a folder has the name of an output, or no file can have it.
    """
    check_readable(job.source)
    for path in job.outputs.files:
        try:
            with suppress(FileNotFoundError, NotADirectoryError):
                path.with_name(f"{path.stem}.part{path.suffix}").lstat()
            is_there = os.path.lexists(path)
            refuse_existing(path, overwrite=is_there and may_replace(path))
        except StreamcamError:
            raise
        except OSError as error:  # its name is too long, or its folder is locked
            raise SinkError(
                f"{path}: cannot be written ({error.strerror or error}); name another output with -o"
            ) from error


def _name(file: Path, *, whole: bool = False) -> str:
    suffix = file.suffix.lower()
    if kind_of(file) == "image":
        kept, fallback = _KEPT_IMAGE_SUFFIXES, ".png"
    else:
        kept, fallback = _KEPT_VIDEO_SUFFIXES, ".mp4"
    return f"{file.name if whole else file.stem}{MARK}{file.suffix if suffix in kept else fallback}"


def _has_longer(file: Path, media: Path, whole: Path, wanted: int, source_of: Callable[[Path], str | None]) -> bool:
    """Whether a result has the longer of two names: where several want the shorter one, or where it had it before."""

    def has(result: Path) -> bool:
        source = source_of(result)
        return source is not None and (source == str(file) or Path(source).name == file.name)

    if wanted > 1:
        return not has(media) or has(whole)
    return os.path.lexists(whole) and has(whole)


def _beside(file: Path, name: str, folder: Path | None, place: Path) -> Path:
    return file.with_name(name) if folder is None else folder / place.with_name(name)


def _free(path: Path, taken: set[Hashable], place_of: Callable[[Path], Hashable]) -> Path:
    """The path, with a number where another job has it, and note that it is taken now."""
    free, number = path, 2
    while place_of(free) in taken:
        free, number = path.with_name(f"{_stem(path)}-{number}{MARK}{path.suffix}"), number + 1
    taken.add(place_of(free))
    return free


def _is_folder(path: Path) -> bool:
    return is_folder(path) or not path.suffix


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
