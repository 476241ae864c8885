"""What the metadata of a TensorFlow Lite file say: how pixels are prepared, and what the classes are called.

The numbers are those of the fields in ``schema.fbs`` of TensorFlow Lite and ``metadata_schema.fbs`` of TFLite Support.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from streamcam.models.preprocessing import Preprocessing

if TYPE_CHECKING:
    from flatbuffers.table import Table

_MOST_LABELS = 1 << 20  # bytes
_NORMALIZATION = 1  # of ProcessUnitOptions
_LARGEST = 1e6  # of a mean or a deviation


def metadata_preprocessing(path: Path, channels: int) -> Preprocessing | None:
    """The normalisation of a file's first input: ``(pixel - mean) / std``, by one value for all channels or one a channel.

    None where there is none, or it cannot be read.
    """
    try:
        found = _normalization(path.read_bytes())
    except (struct.error, IndexError, TypeError, OSError):  # of a damaged file
        return None
    if found is None:
        return None
    mean, std = (values * channels if len(values) == 1 else values for values in found)
    if len(mean) != channels or len(std) != channels:
        return None
    if not all(abs(m) < _LARGEST for m in mean) or not all(1 / _LARGEST < abs(s) < _LARGEST for s in std):
        return None
    return Preprocessing("metadata", mean, std, "rgb" if channels == 3 else "gray")


def _normalization(data: bytes) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    model = _root(data)
    for entry in _tables(model, 6):  # Model.metadata
        if _bytes(entry, 0) != b"TFLITE_METADATA":
            continue
        place = _place(entry, 1)  # Metadata.buffer
        number = struct.unpack_from("<I", data, place)[0] if place else 0
        metadata = _root(_bytes(_tables(model, 4)[number], 0))  # Model.buffers, Buffer.data
        for graph in _tables(metadata, 3)[:1]:  # ModelMetadata.subgraph_metadata
            for tensor in _tables(graph, 2)[:1]:  # SubGraphMetadata.input_tensor_metadata
                for unit in _tables(tensor, 4):  # TensorMetadata.process_units
                    kind, options = _place(unit, 0), _place(unit, 1)  # ProcessUnit.options_type and .options
                    if kind and options and unit.Bytes[kind] == _NORMALIZATION:
                        table = type(unit)(unit.Bytes, unit.Indirect(options))
                        return _floats(table, 0), _floats(table, 1)  # NormalizationOptions.mean and .std
    return None


def _root(data: bytes) -> Table:
    from flatbuffers.table import Table

    return Table(data, *struct.unpack_from("<I", data))


def _place(table: Table, field: int) -> int:
    """Where a field's value is; 0 where it has none."""
    offset = table.Offset(4 + 2 * field)
    return int(table.Pos + offset) if offset else 0


def _vector(table: Table, field: int) -> tuple[int, int]:
    """Where the elements of a vector begin, and how many they are, no more than the file has bytes."""
    offset = table.Offset(4 + 2 * field)
    return (table.Vector(offset), min(table.VectorLen(offset), len(table.Bytes))) if offset else (0, 0)


def _tables(table: Table, field: int) -> list[Table]:
    start, count = _vector(table, field)
    return [type(table)(table.Bytes, table.Indirect(start + 4 * i)) for i in range(count)]


def _bytes(table: Table, field: int) -> bytes:
    start, count = _vector(table, field)
    return bytes(table.Bytes[start : start + count])


def _floats(table: Table, field: int) -> tuple[float, ...]:
    start, count = _vector(table, field)
    return struct.unpack_from(f"<{count}f", table.Bytes, start)


def packed_labels(path: Path, count: int) -> tuple[str, ...] | None:
    """The class names that are packed into a file as a text file of so many lines; None where there are none."""
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if entry.filename.endswith(".txt") and entry.file_size <= _MOST_LABELS:
                    lines = archive.read(entry).decode("utf-8-sig").splitlines()
                    if len(lines := [line.strip() for line in lines if line.strip()]) == count:
                        return tuple(lines)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError):
        return None  # no archive, or a damaged one
    return None
