"""Which format a model file has, told by its content: names lie, and strangers' files are named anyhow."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from streamcam.errors import ModelError

Format = Literal[
    "keras-zip",
    "hdf5",
    "onnx",
    "tflite",
    "openvino",
    "savedmodel",
    "frozen-graph",
    "lfs",
    "torch",
    "safetensors",
    "unknown",
]

# What is read as a graph of tensors; the first two by TensorFlow.
GRAPHS = frozenset({"savedmodel", "frozen-graph", "onnx", "tflite", "openvino"})
# What files are usually called; it decides where a file is missing or too damaged to tell.
ENDINGS: dict[str, Format] = {
    ".keras": "keras-zip",
    ".h5": "hdf5",
    ".hdf5": "hdf5",
    ".pb": "frozen-graph",
    ".onnx": "onnx",
    ".tflite": "tflite",
    ".xml": "openvino",
}

_HDF5 = b"\x89HDF\r\n\x1a\n"
_HEAD = 4096  # bytes

# The fields of the messages that model files are, number -> wire type, as onnx.proto and graph.proto give them.
_ONNX = {1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2}
_GRAPH_DEF = {1: 2, 2: 2, 3: 0, 4: 2}
_SAVED_MODEL = {1: 0, 2: 2}


def format_of(path: Path) -> Format:
    """The format of a file or folder; ``unknown`` also for one that is empty or damaged at its beginning.

    Raises:
        OSError: it cannot be read.
    """
    if path.is_dir():
        return "savedmodel" if any((path / f"saved_model.{end}").exists() for end in ("pb", "pbtxt")) else "unknown"
    with path.open("rb") as file:
        head = file.read(_HEAD)
    size = path.stat().st_size
    if head.startswith(b"version https://git-lfs.github.com/spec/v"):
        return "lfs"
    if any(head[at:].startswith(_HDF5) for at in (0, 512, 1024, 2048)):  # behind a user's own block
        return "hdf5"
    if head.startswith(b"PK\x03\x04"):
        return _format_of_zip(path)
    if head[4:8] == b"TFL3":
        return "tflite"
    if re.match(rb"\x80[\x02-\x05]", head):  # a pickle
        return "torch"
    if len(head) > 9 and head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= size - 8:
        return "safetensors"
    if re.match(rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<net[\s>]", head, re.DOTALL):
        return "openvino"
    return _format_of_protobuf(path)


def likely_format(path: Path) -> Format:
    """The format that a file has, or else the one that its name promises: whoever reads that says what is wrong.

    Raises:
        ModelError: it cannot be read.
    """
    try:
        form = format_of(path)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror or error})") from error
    if form == "unknown" and path.is_dir():
        return "savedmodel"
    return ENDINGS.get(path.suffix.lower(), form) if form == "unknown" else form


def _format_of_zip(path: Path) -> Format:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return "keras-zip"  # cut off; of the zips, these are the ones that are explained
    if any(name.rsplit("/", 1)[-1] == "data.pkl" for name in names):
        return "torch"
    if any(name == "config.json" or name.endswith((".weights.h5", ".weights.npz")) for name in names):
        return "keras-zip"
    return "unknown"


def _format_of_protobuf(path: Path) -> Format:
    fields = list(_fields(path))
    found = dict(fields)
    if 7 in found and fields and all(_ONNX.get(number) == kind for number, kind in fields):  # 7: the graph
        return "onnx"
    if fields and all(_SAVED_MODEL.get(number) == kind for number, kind in fields) and len(found) == 2:
        return "savedmodel"
    if found.get(1) == 2 and all(_GRAPH_DEF.get(number) == kind for number, kind in fields):
        return "frozen-graph"
    return "unknown"


def _fields(path: Path, most: int = 64) -> Iterator[tuple[int, int]]:
    """Number and wire type of the first fields of a protobuf message; (0, 0) where it turns out to be none."""
    size = path.stat().st_size
    with path.open("rb") as file:

        def varint() -> int:
            value = 0
            for shift in range(0, 70, 7):
                byte = file.read(1)
                if not byte:
                    return -1
                value |= (byte[0] & 127) << shift
                if byte[0] < 128:
                    return value
            return -1

        for _ in range(most):
            if file.tell() >= size:
                return
            tag = varint()
            number, kind = tag >> 3, tag & 7
            length = varint() if kind in (0, 2) else -1
            if tag < 0 or length < 0:
                yield 0, 0
                return
            yield number, kind
            if kind == 2:
                file.seek(length, 1)
