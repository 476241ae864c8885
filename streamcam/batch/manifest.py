"""Remembers what is finished in a folder of results: one small file for each input, written last and at once.

It lies in ``.streamcam`` in that folder. Each input is claimed by a lock of the operating system while it is worked on,
which ends with the process that holds it, however that ends: two runs at once do no work twice.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from streamcam.batch.jobs import Job
from streamcam.batch.leftovers import beginning_of, beginnings_of, digest_of, is_own, parts_of
from streamcam.batch.settings import AnnotationSettings, file_identity
from streamcam.batch.task import TaskResult
from streamcam.errors import SinkError
from streamcam.sinks.partial import synced, write_whole
from streamcam.system.wire import from_json, to_json

if TYPE_CHECKING:
    from filelock import BaseFileLock

FOLDER = ".streamcam"


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """What came of one input.

    Attributes:
        source: the input, for people.
        key: of the input, the settings and the version.
        state: ``done`` or ``failed``.
        outputs: sizes in bytes by path, relative to the folder where they are below it.
        result: what was made, or None.
        reason: why it failed.
        digests: of the outputs, by path, see ``leftovers.digest_of``.
        parts: what a failure has left, under temporary names.
        settings: that it was made with, see ``AnnotationSettings.identity``.
        beginnings: digests of the first bytes of the outputs, by path, by which one that was cut short is known.
    """

    source: str
    key: str
    state: Literal["done", "failed"]
    outputs: dict[str, int] = field(default_factory=dict)
    result: TaskResult | None = None
    reason: str = ""
    digests: dict[str, str] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    settings: str = ""
    beginnings: dict[str, dict[str, str]] = field(default_factory=dict)


class Manifest:
    """The manifest of a folder.

    Args:
        folder: of the results; it is made when something is written.
        settings: of this call.
        named: what files outside the folder are called.

    Raises:
        SinkError: the folder cannot be written to.
    """

    def __init__(
        self, folder: Path, settings: AnnotationSettings, *, named: Callable[[Path], str] = lambda path: path.as_posix()
    ) -> None:
        self._root, self._named = folder, named
        self._folder = folder / FOLDER
        self._identity = settings.identity

    @property
    def root(self) -> Path:
        """The folder of the results."""
        return self._root

    @property
    def agreed(self) -> Path:
        """A folder in which all who work for this one agree on what must be alike."""
        return self._folder / "agreed"

    def _name(self, job: Job) -> str:
        return self._name_of(job.outputs.media)

    def _name_of(self, media: Path) -> str:
        return hashlib.sha256(os.fsencode(self._place(media))).hexdigest()[:24]

    def _place(self, path: Path) -> str:
        """A path as it is noted: from the folder of results on, wherever that is mounted."""
        return (
            path.relative_to(self._root).as_posix() if path.is_relative_to(self._root) else self._named(path.absolute())
        )

    def key(self, job: Job) -> str:
        """What a finished result must have been made of, to be one of this call. Which results are wanted is no part of it."""
        data = [self._settings_of(job), file_identity(job.source)]
        return hashlib.sha256(json.dumps(data).encode()).hexdigest()

    def _settings_of(self, job: Job) -> str:
        return f"{self._identity}{':probabilities' * job.outputs.probabilities}"

    def has_other_settings(self, job: Job, entry: ManifestEntry) -> bool:
        """Whether an entry is of a result that was made with other settings than those of this call."""
        return entry.settings != self._settings_of(job)

    def source_of(self, media: Path) -> str | None:
        """The input that has the name of a result, as it is noted; None where nobody has."""
        try:
            text = (self._folder / f"{self._name_of(media)}.json").read_text(encoding="utf-8")
            return from_json(text, ManifestEntry).source
        except (OSError, ValueError):
            return None

    def entry(self, job: Job) -> ManifestEntry | None:
        """What is known of a job; None for nothing that can be read."""
        try:
            return from_json((self._folder / f"{self._name(job)}.json").read_text(encoding="utf-8"), ManifestEntry)
        except (OSError, ValueError):
            return None

    def lacks(self, job: Job, entry: ManifestEntry) -> list[str]:
        """What is not as it was noted of the results that are wanted now, in words; nothing where all of them are there."""
        found = []
        for path in job.outputs.files:
            size = entry.outputs.get(self._place(path))
            try:
                there = path.stat().st_size
            except OSError:
                found.append(f"{path.name} is not there yet" if size is None else f"{path.name} is gone")
                continue
            if size is None or there != size:
                why = "was cut short" if size is not None and self.was_cut_short(path, path, entry) else "is another"
                found.append(f"{path.name} {why}")
        return found

    def changed(self, job: Job, entry: ManifestEntry) -> list[Path]:
        """The results that are there, and hold something else than what was made. Reads them."""
        return [path for path in job.outputs.files if path.is_file() and not self.was_made(path, path, entry)]

    def _sizes(self, job: Job) -> dict[str, int]:
        return {self._place(path): path.stat().st_size for path in job.outputs.files}

    def claim(self, job: Job) -> BaseFileLock | None:
        """Take a job, until the lock is released or this process ends; None where somebody else has it."""
        from filelock import FileLock, Timeout

        lock = FileLock(self._made() / f"{self._name(job)}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return None
        except OSError as error:
            raise SinkError(f"{self._folder}: cannot be locked ({error.strerror})") from error
        return lock

    def path(self, job: Job) -> Path:
        """Where the entry of a job is written."""
        return self._made() / f"{self._name(job)}.json"

    def begin(self, job: Job) -> None:
        """Note that a job is begun, and what lies there already: what is found of it later is what is left of that."""
        self._made()
        if self.has_begun(job):  # by a run that was killed: what lay there before that is known
            return
        entry = self.entry(job)
        left = entry.parts if entry else ()
        strangers = [place for part in parts_of(job) if (place := self._place(part)) not in left]
        try:
            self.begun(job).write_text(
                json.dumps(strangers), encoding="utf-8"
            )  # cut off, it says that all are strangers'
        except OSError as error:
            raise SinkError(f"{self._folder}: cannot be written to ({error.strerror})") from error

    def parts_left(self, job: Job) -> list[Path]:
        """What this job has left under temporary names. Files that lay there before it was begun are not its own."""
        try:
            strangers = json.loads(self.begun(job).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            strangers = None
        return [
            part
            for part in parts_of(job)
            if (isinstance(strangers, list) and self._place(part) not in strangers) or is_own(part)
        ]

    def was_made(self, file: Path, path: Path, entry: ManifestEntry | None) -> bool:
        """Whether a file is what an entry tells of an output, byte for byte as far as can be seen."""
        if entry is None or self._place(path) not in entry.digests or not file.is_file():
            return False
        size, digest = entry.outputs.get(self._place(path)), entry.digests[self._place(path)]
        return (size, digest) == (file.stat().st_size, digest_of(file))

    def was_cut_short(self, file: Path, path: Path, entry: ManifestEntry | None) -> bool:
        """Whether a file is the beginning of what an entry tells of an output: what a power cut leaves of it."""
        place = self._place(path)
        if entry is None or place not in entry.outputs or not file.is_file():
            return False
        size = file.stat().st_size
        if size >= entry.outputs[place]:
            return False
        known = [int(length) for length in entry.beginnings.get(place, {}) if int(length) <= size]
        return not size or (bool(known) and beginning_of(file, max(known)) == entry.beginnings[place][str(max(known))])

    def has_begun(self, job: Job) -> bool:
        """Whether a job was begun and nothing is known of its end."""
        return self.begun(job).exists()

    def begun(self, job: Job) -> Path:
        """What is there while it is so."""
        return self._folder / f"{self._name(job)}.begun"

    def write(
        self,
        job: Job,
        key: str,
        state: Literal["done", "failed"],
        *,
        result: TaskResult | None = None,
        reason: str = "",
    ) -> None:
        """Note what came of a job. What was noted before is replaced at once.

        Args:
            job: which.
            key: of the job when it was begun: an input that has changed meanwhile is another.
            state: ``done`` or ``failed``.
            result: what was made.
            reason: why it failed.

        Raises:
            SinkError: it cannot be written, or an output is not there.
        """
        path = self.path(job)
        try:
            done = state == "done"
            for output in job.outputs.files if done else ():
                synced(output)  # before anything says that it is there
            sizes = self._sizes(job) if done else {}
            digests = {self._place(path): digest_of(path) for path in job.outputs.files} if done else {}
            parts = () if done else tuple(map(self._place, self.parts_left(job)))
            source = os.fsencode(job.source).decode(errors="backslashreplace")
            begun = {self._place(path): beginnings_of(path) for path in job.outputs.files} if done else {}
            entry = ManifestEntry(
                source, key, state, sizes, result, reason, digests, parts, self._settings_of(job), begun
            )
            write_whole(path, to_json(entry))
            self.begun(job).unlink(missing_ok=True)
        except OSError as error:
            raise SinkError(f"{path}: cannot be written ({error.strerror})") from error

    def scratch(self, job: Job) -> Path:
        """A folder for what a job needs on its way."""
        return self._made() / f"{self._name(job)}.parts"

    def _made(self) -> Path:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SinkError(
                f"{self._folder}: cannot be made ({error.strerror}); choose another folder with -o"
            ) from error
        return self._folder
