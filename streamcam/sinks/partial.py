"""Write an output under a temporary name, and give it its own name when it is complete."""

from __future__ import annotations

import filecmp
import itertools
import os
from abc import abstractmethod
from pathlib import Path

from streamcam.errors import OutputExistsError, SinkError
from streamcam.sinks.ending import EndsOnce
from streamcam.types import Explanation, Frame


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Raise ``OutputExistsError`` for a file that may not be replaced, and ``SinkError`` for a folder."""
    if path.is_dir():
        raise SinkError(f"{path}: is a folder; name a file")
    if os.path.lexists(path) and not overwrite:  # a link that leads nowhere is somebody's, too
        raise OutputExistsError(f"{path}: exists already; use --overwrite to replace it, or -o for another name")


def synced(path: Path) -> None:
    """See that a file is on the disk with what is in it, and its name too, before anything speaks of it.

    Raises:
        OSError: the disk does not take it.
    """
    _sync(path, os.O_RDWR)
    if os.name != "nt":  # where folders are no files
        _sync(path.parent, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, text: str) -> None:
    """Replace a file by a text at once: whoever reads it, after a power cut too, finds the old one or the new one.

    Raises:
        OSError: it cannot be written.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())  # before its name is: the power may go at any moment
        part.replace(path)
        if os.name != "nt":
            _sync(path.parent, os.O_RDONLY)
    finally:  # an interrupt comes at any moment, too
        part.unlink(missing_ok=True)


class PartialOutput:
    """The two names of an output: ``clip.cam.part.mp4`` while it is written, ``clip.cam.mp4`` when it is complete.

    Where a file of the temporary name is there already, from a run that was killed, it is kept and ``.part2`` is used.

    Args:
        path: the final name. Missing folders on the way are made.
        overwrite: whether a file of that name may be replaced.

    Raises:
        OutputExistsError: there is such a file and it may not be replaced.
        SinkError: the folder cannot be made or written to.
    """

    def __init__(self, path: str | Path, *, overwrite: bool) -> None:
        self.path = Path(path)
        self._overwrite = overwrite
        refuse_existing(self.path, overwrite=overwrite)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.part = self._claim()
        except OSError as error:
            raise SinkError(
                f"{self.path}: cannot be written ({error.strerror}); choose another place with -o"
            ) from error

    def _claim(self) -> Path:
        """Make the temporary file under the first free name: what another run left or writes is never touched."""
        for number in itertools.count(1):
            part = self.path.with_name(f"{self.path.stem}.part{number if number > 1 else ''}{self.path.suffix}")
            try:
                with part.open("xb"):
                    return part
            except FileExistsError:
                continue
        raise AssertionError("unreachable")

    def commit(self) -> None:
        """Give the complete file its name. Where a file of that name holds the very same, that one stays."""
        refuse_existing(self.path, overwrite=self._overwrite)
        try:
            if self.path.is_file() and filecmp.cmp(self.part, self.path, shallow=False):
                self.part.unlink()
            else:
                self.part.replace(self.path)
        except OSError as error:
            raise SinkError(
                f"{self.path}: cannot be put in place ({error.strerror}); it is kept as {self.part}"
            ) from error

    def discard(self) -> None:
        """Remove a file that holds nothing."""
        self.part.unlink(missing_ok=True)


class FileSink(EndsOnce):
    """A sink that writes one file: complete under its own name after ``close``, and what there is of it after an error.

    Subclasses write to ``self.output.part``.
    """

    def __init__(self, path: str | Path, *, overwrite: bool = False) -> None:
        super().__init__()
        self.output = PartialOutput(path, overwrite=overwrite)

    def write(self, frame: Frame, explanation: Explanation | None) -> None:
        """Take one frame. Raises ``SinkError`` when it cannot be written."""
        try:
            self._write(frame, explanation)
        except OSError as error:
            raise self._failure(error) from error
        self.frames += 1

    def _end(self, *, complete: bool) -> None:
        try:
            self._finish(complete=complete)
        except OSError as error:
            if complete:
                raise self._failure(error) from error
        if not self.frames:
            self.output.discard()
        elif complete:
            self.output.commit()

    def _failure(self, error: Exception) -> SinkError:
        if isinstance(error, SinkError):
            return error
        reason = getattr(error, "strerror", None) or str(error)
        kept = f"; what was written before is in {self.output.part}" if self.frames else ""
        return SinkError(f"{self.output.path}: cannot be written ({reason}){kept}")

    @abstractmethod
    def _write(self, frame: Frame, explanation: Explanation | None) -> None:
        """Write one frame."""

    def _finish(self, *, complete: bool) -> None:
        """Close what is open. ``complete`` is False after an error or an interrupt."""
