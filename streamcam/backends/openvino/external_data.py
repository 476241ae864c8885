"""Which further files an ONNX file asks for: its weights may lie in files of their own, which it names.

Read by the wire format of protocol buffers, so that nothing is opened before it is known what a file asks for. The
numbers are those of the fields in ``onnx.proto``.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

from streamcam.errors import ModelError, UnsafeModelError

# message -> field number -> the message that it holds. What holds no tensor is left out.
_HOLDS = {
    "Model": {7: "Graph", 20: "Training", 25: "Function"},
    "Training": {1: "Graph", 2: "Graph"},
    "Function": {7: "Node", 11: "Attribute"},
    "Graph": {1: "Node", 5: "Tensor", 15: "SparseTensor"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "SparseTensor", 23: "SparseTensor"},
    "SparseTensor": {1: "Tensor", 2: "Tensor"},
    "Tensor": {13: "Entry"},
}
_MOST_DEPTH = 100  # of graphs in graphs; protocol buffers themselves allow no more
_MOST_FILES = 1000


class _Damaged(Exception):
    """The bytes are no message."""


def external_files(path: Path) -> tuple[Path, ...]:
    """The files that an ONNX file keeps weights in, each once, in the order of their names.

    Raises:
        UnsafeModelError: it names a file outside its own folder.
        ModelError: it is no ONNX file, or a file is missing.
    """
    try:
        names = _locations(path)
    except (_Damaged, ValueError) as error:
        raise ModelError(f"{path}: not a readable ONNX model ({error}); export it again") from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror or error}); give an ONNX file") from error
    return tuple(beside(path, name) for name in sorted(names))


def beside(path: Path, name: str) -> Path:
    """The file of this name in or below a model's folder.

    Raises:
        UnsafeModelError: it would lie outside.
        ModelError: there is none.
    """
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    outside = posix.is_absolute() or windows.drive or windows.root or ".." in (*posix.parts, *windows.parts)
    if outside or not name or "\0" in name:
        raise UnsafeModelError(
            f"{path}: asks for the file {name!r}, which is not in its folder; such a file is not read"
        )
    found = path.parent / name
    if not found.resolve().is_relative_to(path.parent.resolve()):
        raise UnsafeModelError(
            f"{path}: {name} beside it is a link to a place outside of its folder; put the file itself there"
        )
    if not found.is_file():
        raise ModelError(f"{path}: its weights are in {name}, which is not there; put it beside the model")
    return found


def _locations(path: Path) -> set[str]:
    with path.open("rb") as file:
        if not path.stat().st_size:
            raise _Damaged("empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            names: set[str] = set()
            for name in _within(data, 0, len(data), "Model", 0):
                names.add(name)
                if len(names) > _MOST_FILES:
                    raise _Damaged(f"asks for more than {_MOST_FILES} files")
            return names


def _within(data: mmap.mmap, start: int, end: int, message: str, depth: int) -> Iterator[str]:
    """The locations of external data within a message."""
    if depth > _MOST_DEPTH:
        raise _Damaged("nested too deeply")
    holds = _HOLDS[message]
    graphs = 0
    for number, kind, begin, stop in _fields(data, start, end):
        held = holds.get(number)
        if held is None:
            continue
        if kind != 2:
            raise _Damaged(f"field {number} of a {message.lower()} is no message")
        graphs += held == "Graph"
        if held == "Entry":
            entry = {n: bytes(data[a:b]) for n, k, a, b in _fields(data, begin, stop) if k == 2}
            if entry.get(1) == b"location":
                yield entry.get(2, b"").decode("utf-8")
        else:
            yield from _within(data, begin, stop, held, depth + 1)
    if message == "Model" and not graphs:
        raise _Damaged("it holds no graph")


def _fields(data: mmap.mmap, position: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Number, wire type, start and end of each field of a message."""
    while position < end:
        key, position = _varint(data, position, end)
        number, kind = key >> 3, key & 7
        start = position
        if kind == 0:
            _, position = _varint(data, position, end)
        elif kind == 1:
            position += 8
        elif kind == 2:
            length, start = _varint(data, position, end)
            position = start + length
        elif kind == 5:
            position += 4
        else:
            raise _Damaged(f"no message at byte {start}")
        if position > end or not number:
            raise _Damaged(f"cut off or damaged at byte {start}")
        yield number, kind, start, position


def _varint(data: mmap.mmap, position: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= end:
            break
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise _Damaged(f"cut off or damaged at byte {position}")
