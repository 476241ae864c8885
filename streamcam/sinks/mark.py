"""The mark that streamcam leaves in the metadata of what it writes, so that it never takes its own results for inputs."""

from __future__ import annotations

from pathlib import Path

from streamcam.sinks.comments import has_comment
from streamcam.types import Header

MARK = "annotated by streamcam"


def marked(header: Header) -> Header:
    """The header of a table, with the mark."""
    return {**header, "comment": MARK}


def is_marked(path: str | Path) -> bool:
    """Whether streamcam has written a file, by the file's own metadata; False for what cannot be read.

    Only headers are read. BMP, and tables without any frame, have no place for the mark.
    """
    try:
        with Path(path).open("rb") as file:
            return has_comment(file, MARK.encode())
    except (OSError, ValueError):
        return False
