"""Inputs and outputs by URL: a folder on this machine that looks like the storage elsewhere.

Each file there has a placeholder here, of its size and time but without its bytes, so that planning, skipping what is
done and refusing what exists are the same as for files here. An input is downloaded when its turn comes; results are
uploaded when they are complete, the manifest's entry last. Both then become placeholders again.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from streamcam.batch.jobs import Job
from streamcam.batch.leftovers import is_own
from streamcam.errors import MissingLibraryError, SinkError, SourceError, plain
from streamcam.sources.inputs import is_named_as_result
from streamcam.system.addresses import redacted
from streamcam.system.places import Places

# Storage in which a file appears when it is complete, and never before.
_WHOLE_OR_NOT = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "adl"})
_URL = re.compile(r"([a-z][a-z0-9+.-]+):/{1,3}(.*)", re.IGNORECASE)


def url_of(given: str | Path | None) -> str | None:
    """The URL that was given, also where it went through ``Path``, which takes slashes away; None for a path."""
    text = given.as_posix() if isinstance(given, Path) else str(given or "")
    match = _URL.fullmatch(text)
    if not match:
        return None
    return f"{match[1]}://{'/' if match[1].lower() == 'file' else ''}{match[2]}"


class Storage:
    """Storage elsewhere, and the folder that stands for it on this machine.

    Args:
        folder: an empty one, which is filled and belongs to this object.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._roots: list[tuple[Path, str, Any]] = []  # here, there, and its file system
        self._here: set[Path] = set()  # with their bytes
        self._places = Places()

    def source(self, url: str) -> Path:
        """A file or a folder to read. Raises ``SourceError`` where there is nothing."""
        system, place = _open(url, SourceError)
        root = self._folder / f"in{len(self._roots)}"
        try:
            info = system.info(place)
            is_file = info["type"] == "file"
            files = {place: info} if is_file else system.find(place, detail=True)
        except FileNotFoundError as error:
            raise SourceError(f"{redacted(url, names_hold_at=True)}: is not there") from error
        except Exception as error:  # every storage has errors of its own
            raise SourceError(f"{redacted(url, names_hold_at=True)}: cannot be listed ({plain(error)})") from error
        base = place.rsplit("/", 1)[0] if is_file else place
        self._roots.append((root, base, system))
        for name, facts in files.items():
            self._hold_place(root / _below(name, base), facts)
        return root / _below(place, base) if is_file else root

    def target(self, url: str) -> Path:
        """A folder or a file to write, with what is there already. Raises ``SinkError``."""
        system, place = _open(url, SinkError)
        root = self._folder / f"out{len(self._roots)}"
        is_file = bool(Path(place).suffix)
        base = place.rsplit("/", 1)[0] if is_file else place
        self._roots.append((root, base, system))
        try:
            found = system.find(base, detail=True) if system.exists(base) else {}
            for name, facts in found.items():
                path = root / _below(name, base)
                if path.parent.name == ".streamcam" and path.suffix == ".json":
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(system.cat_file(name))
                else:
                    self._hold_place(path, facts)
        except Exception as error:
            raise SinkError(f"{redacted(url, names_hold_at=True)}: cannot be listed ({plain(error)})") from error
        return root / _below(place, base) if is_file else root

    def _hold_place(self, path: Path, facts: dict[str, Any]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.truncate(facts["size"] or 0)
        changed = facts.get("mtime") or facts.get("LastModified") or facts.get("updated") or 0
        seconds = changed.timestamp() if hasattr(changed, "timestamp") else float(changed)
        os.utime(path, (seconds, seconds))

    def name(self, path: Path) -> str:
        """What the storage calls a file of the folder."""
        return self.named(str(path))

    def named(self, text: str) -> str:
        """The same line, with files called as they are in the storage."""
        for root, base, system in reversed(self._roots):  # ``in10`` before ``in1``
            text = text.replace(str(root), system.unstrip_protocol(base))
        return text

    def download(self, job: Job) -> None:
        """Download the input of a job. Raises ``SourceError``."""
        found = self._root_of(job.source)
        if found is None or job.source in self._here:
            return
        root, base, system = found
        facts = job.source.stat()
        try:
            system.get_file(f"{base}/{job.source.relative_to(root).as_posix()}", str(job.source))
        except Exception as error:
            raise SourceError(f"{self.name(job.source)}: cannot be downloaded ({plain(error)})") from error
        os.utime(job.source, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        self._here.add(job.source)

    @contextmanager
    def lent(self, path: Path) -> Iterator[Path]:
        """A file with its bytes, for a look into it. Raises ``SourceError``."""
        found = self._root_of(path)
        if found is None or path in self._here or not path.exists():
            yield path
            return
        root, base, system = found
        copy = self._folder / f"lent-{uuid.uuid4().hex[:8]}{path.suffix}"
        try:
            try:
                system.get_file(f"{base}/{path.relative_to(root).as_posix()}", str(copy))
            except Exception as error:
                raise SourceError(f"{self.name(path)}: cannot be downloaded ({plain(error)})") from error
            yield copy
        finally:
            copy.unlink(missing_ok=True)

    def place_of(self, path: Path) -> Hashable:
        """A value that is equal for all paths of one file, here and in the storage."""
        found = self._root_of(path)
        if found is None:
            return self._places.of(path)
        root, base, system = found
        there = f"{base}/{path.relative_to(root).as_posix()}"
        return self._places.of(there) if "file" in _protocols(system) else system.unstrip_protocol(there)

    def is_result(self, path: Path) -> bool:
        """Whether streamcam has written a file: by its name, where that alone is here."""
        return is_named_as_result(path) if self._root_of(path) else is_own(path)

    def upload(self, paths: Sequence[Path]) -> None:
        """Upload files, in this order. Raises ``SinkError``."""
        for path in paths:
            found = self._root_of(path)
            if found is None:
                continue
            root, base, system = found
            there = f"{base}/{path.relative_to(root).as_posix()}"
            try:
                system.makedirs(there.rsplit("/", 1)[0], exist_ok=True)
                if _protocols(system) & _WHOLE_OR_NOT:
                    system.put_file(str(path), there)
                else:
                    part = f"{there}.{uuid.uuid4().hex[:8]}.part"  # somebody else may be writing the same
                    system.put_file(str(path), part)
                    system.mv(part, there)
            except Exception as error:
                raise SinkError(f"{self.name(path)}: cannot be uploaded ({plain(error)})") from error

    def remove(self, path: Path) -> None:
        """Remove a file that is there, if it is."""
        if found := self._root_of(path):
            root, base, system = found
            with suppress(FileNotFoundError):
                system.rm_file(f"{base}/{path.relative_to(root).as_posix()}")

    def release(self, paths: Sequence[Path]) -> None:
        """Give the room of files back; their places are held."""
        for path in paths:
            if self._root_of(path) and path.exists():
                facts = path.stat()
                with path.open("wb") as file:
                    file.truncate(facts.st_size)
                os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
                self._here.discard(path)

    def _root_of(self, path: Path) -> tuple[Path, str, Any] | None:
        return next((root for root in self._roots if path.is_relative_to(root[0])), None)


def _open(url: str, failure: type[SourceError | SinkError]) -> tuple[Any, str]:
    """The file system of a URL, and the place in it."""
    try:
        import fsspec
    except ImportError as error:
        raise MissingLibraryError(
            f"{redacted(url, names_hold_at=True)}: URLs need fsspec, which is not installed; "
            "install it with: pip install 'streamcam[storage]'"
        ) from error
    scheme = urlsplit(url).scheme
    try:
        system, place = fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise MissingLibraryError(f"{scheme}:// needs another library ({' '.join(str(error).split())})") from error
    except ValueError as error:
        raise failure(f"{redacted(url, names_hold_at=True)}: no such kind of storage ({error})") from error
    return system, str(place).rstrip("/")


def _protocols(system: Any) -> set[str]:
    return {system.protocol} if isinstance(system.protocol, str) else set(system.protocol)


def _below(name: str, base: str) -> str:
    """A name without the folder it lies in."""
    below = name.removeprefix(base).lstrip("/")
    if ".." in below.split("/"):
        raise SourceError(f"{name}: leads out of its folder")
    return below
