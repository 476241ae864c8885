"""The mark that streamcam leaves in the metadata of what it writes, so that it never takes its own results for inputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, BinaryIO

from streamcam.sinks.comments import has_comment

MARK = "annotated by streamcam"
_LONGEST_HEADER = 1 << 20  # bytes
_HEADER = ("version", "source", "labels")  # what every table's header has, see ``annotation.file.make_header``


def is_marked(path: str | Path) -> bool:
    """Whether streamcam has written a file, by the file's own metadata; False for what cannot be read.

    Pictures and videos have ``MARK`` where their format has comments; BMP has no such place. Tables (JSON Lines, HDF5,
    Parquet) have their header. Nothing else of the file is read.
    """
    try:
        with Path(path).open("rb") as file:
            head = file.read(8)
            file.seek(0)
            if head.startswith(b"{"):
                return _is_header(json.loads(file.readline(_LONGEST_HEADER)))
            if head.startswith(b"PAR1"):
                return b"streamcam" in _parquet_footer(file)
            if head.startswith(b"\x89HDF"):
                return _is_header(_hdf5_attributes(file))
            return has_comment(file, MARK.encode())
    except (OSError, ValueError, RecursionError):
        return False


def _is_header(header: Any) -> bool:
    if not isinstance(header, dict) or not all(name in header for name in _HEADER):
        return False
    return str(header["labels"]).startswith("sha256:")


def _parquet_footer(file: BinaryIO) -> bytes:
    file.seek(-8, 2)
    size = min(int.from_bytes(file.read(4), "little"), file.tell() - 4)
    file.seek(-8 - size, 2)
    return file.read(size)


def _hdf5_attributes(file: BinaryIO) -> dict[str, Any]:
    import h5py

    with h5py.File(file, "r") as data:
        return dict(data.attrs)
