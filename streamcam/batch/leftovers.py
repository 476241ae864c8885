"""What streamcam itself has left at the places of a job's results: only that may be replaced or removed unasked."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from streamcam.annotation.outputs import KINDS
from streamcam.annotation.report_page import GENERATOR
from streamcam.batch.jobs import Job
from streamcam.sinks.mark import is_marked

_PIECE = 1 << 20  # bytes
_BEGINNINGS = (1 << 6, 1 << 10, 1 << 14, 1 << 18, 1 << 22)  # bytes


def is_own(path: Path) -> bool:
    """Whether streamcam has written a file, by what stands in it."""
    try:
        return path.is_file() and (is_marked(path) or is_page(path))
    except OSError:  # a name that no file can have
        return False


def is_page(path: Path) -> bool:
    """Whether a file is a page that streamcam has written, a report or an index."""
    if path.suffix.lower() != ".html" or not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(1000)
    return GENERATOR.encode() in head or b"<title>streamcam: " in head


def digest_of(path: Path) -> str:
    """Tells a file from others of its size: a hash of its beginning, its middle and its end."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        for place in (0, size // 2, size - _PIECE) if size > 3 * _PIECE else (0, _PIECE, 2 * _PIECE):
            file.seek(place)
            found.update(file.read(_PIECE))
    return found.hexdigest()


def beginnings_of(path: Path) -> dict[str, str]:
    """Digests of the first bytes of a file, by how many they are: by these, what is left of one that was cut short is known."""
    size = path.stat().st_size
    return {str(length): beginning_of(path, length) for length in _BEGINNINGS if length <= size}


def beginning_of(path: Path, length: int) -> str:
    """The digest of the first bytes of a file."""
    with path.open("rb") as file:
        return hashlib.sha256(file.read(length)).hexdigest()[:32]


def parts_of(job: Job) -> Iterator[Path]:
    """What lies beside a job's results and is called like what a run that was killed leaves of them."""
    no_inputs = {kind.ending for kind in KINDS}
    for path in job.outputs.files:
        for part in path.parent.glob(f"{_literal(path.stem)}.part*{_literal(path.suffix)}"):
            is_called_so = re.fullmatch(r"\.part\d*", part.stem.removeprefix(path.stem))
            namesakes = job.source.parent.glob(f"{_literal(part.stem)}.*")
            # Somebody may have called an input so, whose results these are then.
            if is_called_so and all(other == part or other.suffix in no_inputs for other in namesakes):
                yield part


def _literal(name: str) -> str:
    """A name in which nothing stands for something else."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
