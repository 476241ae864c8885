"""Inputs and outputs of a call as files on this machine: URLs as folders that stand for them, standard input as a file."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from tempfile import mkdtemp

from streamcam.batch.leftovers import is_own
from streamcam.batch.spool import STDIN, spool
from streamcam.batch.storage import Storage, url_of
from streamcam.system.places import Places


class Here:
    """The files of a call on this machine. What is made for them is removed when this object or the program ends.

    Args:
        inputs: as they were given.
        places: where results go, by their kind; None for what is not wanted or goes beside the inputs.
        only_look: leave standard input alone.

    Attributes:
        inputs: the same as files and folders here.
        places: the same as files and folders here.
        storage: of what was given by URL; None where nothing was.

    Raises:
        SourceError, SinkError: storage elsewhere, or standard input, cannot be read.
    """

    def __init__(
        self, inputs: Sequence[str | Path], places: dict[str, str | Path | None], *, only_look: bool = False
    ) -> None:
        self.storage: Storage | None = None
        self._stdin: Path | None = None
        self.inputs = inputs
        self.places = {name: Path(place) if place else None for name, place in places.items()}
        by_url = any(map(url_of, [*inputs, *places.values()]))
        if not by_url and STDIN not in inputs:
            return
        folder = Path(mkdtemp(prefix="streamcam-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        if STDIN in inputs:
            self._stdin = _placeholder(folder) if only_look else spool(folder)
            inputs = [self._stdin if given == STDIN else given for given in inputs]
        if by_url:
            self.storage = storage = Storage(folder / "storage")
            inputs = [storage.source(url) if (url := url_of(given)) else given for given in inputs]
            self.places |= {name: storage.target(url) for name, place in places.items() if (url := url_of(place))}
        self.inputs = inputs

    def named(self, text: str) -> str:
        """A line, with files called as they were given."""
        text = self.storage.named(text) if self.storage else text
        return text.replace(str(self._stdin), STDIN) if self._stdin else text

    @property
    def is_result(self) -> Callable[[Path], bool]:
        """Tells whether streamcam has written a file."""
        return self.storage.is_result if self.storage else is_own

    @property
    def place_of(self) -> Callable[[Path], Hashable]:
        """Gives a value that is equal for all paths of one file."""
        return self.storage.place_of if self.storage else Places().of


def _placeholder(folder: Path) -> Path:
    path = folder / "stdin.mp4"
    path.write_bytes(b"?")
    return path
