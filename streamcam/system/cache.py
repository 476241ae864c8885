"""The cache on disk: converted graphs, what is known of model files, measured precisions. It saves the next start TensorFlow.

Each entry is a folder named by its key, with its files and an ``entry.json`` that holds their checksums. It is written
under another name and renamed, so it is there whole or not at all, also when several processes write it at once. The
folder is readable by its owner only; one that somebody else owns, or may write to, is not used: checksums that lie beside
the data prove nothing then. When the store grows over its limit, the entries not used for longest go.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import json
import os
import shutil
import stat
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamcam.errors import StreamcamWarning

DEFAULT_LIMIT = 4 * 1024**3  # bytes: about forty networks of ResNet50's size
_MANIFEST = "entry.json"
_LOCK = ".making.lock"
_LONGEST_WAIT = 300.0  # seconds for somebody else to make an entry
_DAYS_UNTIL_LEFTOVERS_GO = 1.0


def default_folder() -> Path:
    """``$STREAMCAM_CACHE``, or the place that this platform has for caches; a private one where that is not to be trusted."""
    folder = wanted_folder()
    reason = why_not_trusted(folder)
    return _private(folder, reason) if reason else folder


def wanted_folder() -> Path:
    """``$STREAMCAM_CACHE``, or the place that this platform has for caches."""
    if named := os.environ.get("STREAMCAM_CACHE"):
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("streamcam", appauthor=False))


def why_not_trusted(folder: Path) -> str:
    """Why what lies in a folder may be somebody else's; empty where it is not, and where the folder is still to be made."""
    if os.name == "nt":  # where a user's folders are the user's
        return ""
    try:
        facts = folder.stat()
    except OSError:
        return ""
    if facts.st_uid != os.getuid():
        return "belongs to another user"
    if facts.st_mode & stat.S_IWOTH or (facts.st_mode & stat.S_IWGRP and facts.st_gid != os.getgid()):
        return "can be written to by others"
    return ""


@functools.cache
def _private(folder: Path, reason: str) -> Path:
    """A folder for this process, in place of one that is not to be trusted."""
    private = Path(tempfile.mkdtemp(prefix="streamcam-"))
    atexit.register(shutil.rmtree, private, ignore_errors=True)
    warnings.warn(
        f"{folder}: {reason}, so what is kept there is not used; set STREAMCAM_CACHE to a folder of your own",
        StreamcamWarning,
        stacklevel=4,
    )
    return private


def usual_cache(cache: Cache | bool) -> Cache | None:
    """True means the cache in its usual folder, False none."""
    return (Cache() if cache else None) if isinstance(cache, bool) else cache


def key_of(facts: Mapping[str, Any]) -> str:
    """A name for everything that shapes an entry: 32 hexadecimal digits."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One entry of the store.

    Attributes:
        key: its name.
        facts: what it was made of and for.
        size: bytes on disk.
        used: when it was last read or written, in seconds since 1970.
    """

    key: str
    facts: dict[str, Any]
    size: int
    used: float


class Cache:
    """The store.

    Args:
        folder: where it is; made when the first entry is written.
        limit: bytes that it may grow to.

    Example::

        explain = streamcam.GradCAM("efficientnet-lite0", cache=streamcam.Cache(Path("graphs")))
    """

    def __init__(self, folder: Path | None = None, *, limit: int = DEFAULT_LIMIT) -> None:
        self.folder = folder or default_folder()
        self._limit = limit

    def get(self, key: str) -> tuple[dict[str, Any], Path] | None:
        """The facts of an entry and the folder with its files, or None. A damaged entry is removed, with a warning."""
        place = self.folder / key
        try:
            manifest = json.loads((place / _MANIFEST).read_bytes())
            for name, checksum in manifest["files"].items():
                with (place / name).open("rb") as file:
                    if hashlib.file_digest(file, "sha256").hexdigest() != checksum:
                        raise ValueError(f"{name} has changed")
            facts = dict(manifest["facts"])
        except (FileNotFoundError, NotADirectoryError):
            if not place.exists():
                return None
            self._discard(place, "a file of it is missing")
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            self._discard(place, str(error))
            return None
        with contextlib.suppress(OSError):
            os.utime(place / _MANIFEST)
        return facts, place

    def put(self, key: str, facts: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        """Write an entry. A store that cannot be written to is no reason to stop: it is said in a warning."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=self.folder))  # readable by its owner only
            for name, data in files.items():
                (draft / name).write_bytes(data)
            sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
            (draft / _MANIFEST).write_text(json.dumps({"facts": dict(facts), "files": sums}), encoding="utf-8")
            try:
                draft.rename(self.folder / key)
            except OSError:  # another process was faster; its entry is as good
                shutil.rmtree(draft, ignore_errors=True)
            self._make_room(key)
        except OSError as error:
            warnings.warn(
                f"{self.folder}: the cache cannot be written to ({error.strerror}), so the next start is as slow as "
                "this one; set STREAMCAM_CACHE to another folder, or use --no-cache",
                StreamcamWarning,
                stacklevel=2,
            )

    @contextlib.contextmanager
    def making(self) -> Iterator[None]:
        """While somebody makes an entry, others who want to make one wait: it is likely to be the same.

        Who is inside may enter again.
        """
        from filelock import FileLock

        lock = FileLock(self.folder / _LOCK, timeout=_LONGEST_WAIT, is_singleton=True)
        with contextlib.suppress(OSError):  # it takes very long, or the folder cannot be written to: see ``put``
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def entries(self) -> list[CacheEntry]:
        """All entries, the one used last first."""
        found = []
        for manifest in self.folder.glob(f"*/{_MANIFEST}"):
            if manifest.parent.name.startswith("."):
                continue
            with contextlib.suppress(OSError, ValueError, KeyError):
                size = sum(path.stat().st_size for path in manifest.parent.iterdir())
                facts = json.loads(manifest.read_bytes())["facts"]
                found.append(CacheEntry(manifest.parent.name, facts, size, manifest.stat().st_mtime))
        return sorted(found, key=lambda entry: -entry.used)

    def remove(self, key: str) -> None:
        """Remove an entry, if it is there."""
        shutil.rmtree(self.folder / key, ignore_errors=True)

    def drafts(self) -> tuple[int, int]:
        """How many entries are being written, or were left by processes that were killed; and their bytes."""
        found = [place for place in self.folder.glob(".draft-*") if place.is_dir()]
        size = 0
        for path in (path for place in found for path in place.rglob("*")):
            with contextlib.suppress(OSError):
                size += path.stat().st_size
        return len(found), size

    def clear(self) -> int:
        """Remove everything, drafts too; how many there were of both."""
        count = len(self.entries()) + self.drafts()[0]
        if self.folder.is_dir():
            for place in self.folder.iterdir():
                if place.name.startswith(".draft-") or (place / _MANIFEST).exists():
                    shutil.rmtree(place, ignore_errors=True)
            (self.folder / _LOCK).unlink(missing_ok=True)
        return count

    def _discard(self, place: Path, reason: str) -> None:
        warnings.warn(f"{place}: damaged cache entry ({reason}); it is made again", StreamcamWarning, stacklevel=3)
        shutil.rmtree(place, ignore_errors=True)

    def _make_room(self, newest: str) -> None:
        entries = self.entries()
        total = sum(entry.size for entry in entries)
        for entry in reversed(entries):
            if total <= self._limit:
                break
            if entry.key != newest:
                self.remove(entry.key)
                total -= entry.size
        for draft in self.folder.glob(".draft-*"):  # of a process that was killed
            with contextlib.suppress(OSError):
                if time.time() - draft.stat().st_mtime > _DAYS_UNTIL_LEFTOVERS_GO * 86_400:
                    shutil.rmtree(draft, ignore_errors=True)
