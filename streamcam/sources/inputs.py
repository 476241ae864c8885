"""Find the video and image files that people name by files, folders and globs, and say what is left out of them."""

from __future__ import annotations

import errno
import glob
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from streamcam.errors import SourceError
from streamcam.sources.images import IMAGE_SUFFIXES

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mp4v", ".mov", ".qt", ".f4v", ".3gp", ".3g2", ".mkv", ".mk3d", ".webm", ".avi", ".divx", ".xvid"}
    | {".mpg", ".mpeg", ".mpe", ".m1v", ".m2v", ".mpv", ".m2p", ".vob", ".vro", ".evo", ".mod", ".tod"}
    | {".ts", ".m2ts", ".mts", ".m2t", ".trp", ".tp", ".wmv", ".asf", ".wtv", ".flv", ".rm", ".rmvb", ".ogv", ".ogm"}
    | {".mxf", ".gxf", ".dv", ".dif", ".nut", ".amv", ".gif", ".mjpeg", ".mjpg", ".y4m", ".ivf", ".obu"}
    | {".h264", ".264", ".avc", ".hevc", ".h265", ".265", ".vvc", ".h266", ".266"}
)
MARK = ".cam"  # what annotated files have in their names: clip.cam.mp4
_DATA_SUFFIXES = frozenset({".jsonl", ".h5", ".html", ".parquet"})  # of what lies beside annotated files
_NAMED = 3  # files, of which a line gives the names

# Why a file is left out.
Why: TypeAlias = Literal[
    "ending", "result", "link to nowhere", "link in a circle", "link to a folder", "no file", "twice"
]
_WORDS: dict[Why, str] = {
    "result": "made by streamcam",
    "link to nowhere": "a link that leads nowhere",
    "link in a circle": "a link that leads in a circle",
    "link to a folder": "a link to a folder (name it to have it, too)",
    "no file": "a folder, a pipe or a device",
    "twice": "named before; it is done once",
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Files that an input stands for, but which are not taken, all for the same reason.

    Attributes:
        given: the input.
        why: they are not taken.
        paths: of the files.
    """

    given: str
    why: Why
    paths: tuple[Path, ...]

    @property
    def is_news(self) -> bool:
        """Whether people would not expect it: results in a folder of inputs are always left out."""
        return self.why != "result" or self.paths == (Path(self.given),)

    def __str__(self) -> str:
        count = len(self.paths)
        if self.why == "ending":
            endings = Counter(path.suffix.lower() for path in self.paths).most_common()
            listed = ", ".join(f"{number} {ending or 'without an ending'}" for ending, number in endings)
            return f"{self.given}: left out by the ending of {'its name' if count == 1 else 'their names'}: {listed}"
        if self.paths == (Path(self.given),):
            return f"{self.given}: left out: {_WORDS[self.why]}"
        names = ", ".join(str(path) for path in self.paths[:_NAMED]) + (", …" if count > _NAMED else "")
        return f"{self.given}: left out: {_WORDS[self.why]}: {names}" + (f" ({count} files)" if count > 1 else "")


@dataclass(frozen=True, slots=True)
class Found:
    """What an input stands for.

    Attributes:
        files: videos and images, in order of name.
        left_out: what else is there.
        unreadable: folders that cannot be looked into.
    """

    files: tuple[Path, ...]
    left_out: tuple[LeftOut, ...] = ()
    unreadable: tuple[SourceError, ...] = ()


def is_named_as_result(path: Path) -> bool:
    """Whether a name is one that streamcam gives to what it writes. A stranger may have given it, too."""
    return MARK in path.suffixes[:-1]


def files_of(given: str | Path, *, is_result: Callable[[Path], bool] = is_named_as_result) -> list[Path]:
    """The media files that one argument stands for, in order of name; see ``find``.

    Raises:
        SourceError: as ``find``, and where a folder cannot be looked into.
    """
    found = find(given, is_result=is_result)
    if found.unreadable:
        raise found.unreadable[0]
    return list(found.files)


def find(given: str | Path, *, is_result: Callable[[Path], bool] = is_named_as_result) -> Found:
    """The media files that one argument stands for.

    A file stands for itself, whatever its ending. A folder stands for the videos and images in it and below it, a glob
    (``*``, ``?``, ``[…]``, ``**``) for what it matches; both leave out hidden files, what streamcam has written, and links to
    folders.

    Args:
        given: a file, a folder or a glob.
        is_result: whether streamcam has written a file.

    Raises:
        SourceError: there is no such file, or no media file in the folder or under the glob.
    """
    path = Path(given)
    there: _Walk | None
    if is_folder(path):
        there = _Walk(path)
        found = _sorted_out(str(given), there, path, is_result)
        nothing = f"{path}: no video or image in this folder"
    elif not glob.has_magic(str(given)) or os.path.lexists(path):
        return Found((path,))
    else:
        there = _Walk(_rooted(str(given))) if "**" in Path(given).parts else None
        matches = map(Path, glob.glob(str(given), recursive=True))  # noqa: PTH207 - ** and absolute patterns
        found = _sorted_out(str(given), matches, Path(), is_result, folders=there is None)
        if there:
            list(there)
        nothing = f"{given}: matches no video or image"
    found = Found(found.files, found.left_out, tuple(there.unreadable) if there else ())
    if not found.files and not found.unreadable:
        listed = "; ".join(str(some).removeprefix(f"{given}: ") for some in found.left_out)
        raise SourceError(nothing + (f" ({listed})" if listed else ""))
    return found


def is_folder(path: str | Path) -> bool:
    """Whether a path leads to a folder."""
    try:
        return Path(path).is_dir()
    except OSError:  # a name that is too long is said where the file is opened
        return False


def _rooted(pattern: str) -> Path:
    """The folder in which a glob begins."""
    parts: list[str] = []
    for part in Path(pattern).parts:
        if glob.has_magic(part):
            break
        parts.append(part)
    return Path(*parts)


class _Walk:
    """Everything in a folder and below it, but hidden folders and what lies behind links.

    Attributes:
        unreadable: folders that could not be looked into, once it was iterated over.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.unreadable: list[SourceError] = []

    def __iter__(self) -> Iterator[Path]:
        waiting = [self._folder]
        while waiting:
            folder = waiting.pop()
            try:
                with os.scandir(folder) as entries:
                    inside = [(folder / entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
            except OSError as error:
                self.unreadable.append(SourceError(f"{folder}: cannot be looked into ({error.strerror or error})"))
                continue
            for path, is_folder in inside:
                if not is_folder:
                    yield path
                elif not path.name.startswith("."):
                    waiting.append(path)


def _sorted_out(
    given: str, paths: Iterable[Path], root: Path, is_result: Callable[[Path], bool], *, folders: bool = True
) -> Found:
    """The media files among some, and the others by why they are not taken. Hidden ones are not spoken of."""
    files: list[Path] = []
    others: defaultdict[Why, list[Path]] = defaultdict(list)
    for path in sorted(paths):
        parts = path.relative_to(root).parts if path.is_relative_to(root) else path.parts
        if any(part.startswith(".") and part not in (".", "..") for part in parts):
            continue
        why = _why_not(path, is_result)
        if why is None:
            files.append(path)
        elif folders or why != "no file":
            others[why].append(path)
    # What lies beside results was expected, too.
    others["ending"] = [path for path in others["ending"] if path.suffix not in _DATA_SUFFIXES or not is_result(path)]
    return Found(tuple(files), tuple(LeftOut(given, why, tuple(some)) for why, some in others.items() if some))


def _why_not(path: Path, is_result: Callable[[Path], bool]) -> Why | None:
    try:
        is_link, is_file = path.is_symlink(), path.is_file()
        if is_link and path.is_dir():
            return "link in a circle" if _leads_up(path) else "link to a folder"
        if is_link and not path.exists():
            return _dead(path)
    except OSError:
        is_file = False
    if not is_file:
        return "no file"
    if path.suffix.lower() not in IMAGE_SUFFIXES | VIDEO_SUFFIXES:
        return "ending"
    return "result" if is_result(path) else None


def _leads_up(link: Path) -> bool:
    """Whether a link leads to a folder in which it lies."""
    return Path(os.path.realpath(link.parent)).is_relative_to(os.path.realpath(link))


def _dead(link: Path) -> Why:
    try:
        link.stat()
    except OSError as error:
        return "link in a circle" if error.errno == errno.ELOOP else "link to nowhere"
    return "link to nowhere"
