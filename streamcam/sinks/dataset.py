"""Write what the model said of each frame as Parquet: one file of a data set that is partitioned by video."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from streamcam.errors import MissingLibraryError
from streamcam.sinks.rows import RowSink
from streamcam.types import Header

_BLOCK = 4096  # frames of a row group
_TARGET = ("class", "label", "score", "peak", "centroid", "inside", "strength")


def check_library() -> None:
    """Raise ``MissingLibraryError`` where a data set cannot be written."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise MissingLibraryError(
            "--records-dataset needs pyarrow, which is not installed; install it with: pip install 'streamcam[dataset]'"
        ) from error


class DatasetSink(RowSink):
    """Writes the columns ``frame``, ``time``, ``explained``, ``verdict``, ``covering``, ``class``, ``label`` and ``score`` of the
    most probable class, ``top`` and ``targets`` as lists. The header stands in the file's metadata, as ``streamcam`` in JSON.

    See ``RowSink`` for the arguments.

    Raises:
        MissingLibraryError: pyarrow is not installed.
    """

    def __init__(
        self,
        path: str | Path,
        header: Callable[[], Header],
        labels: tuple[str, ...],
        *,
        top_k: int = 5,
        overwrite: bool = False,
    ) -> None:
        check_library()
        super().__init__(path, header, labels, top_k=top_k, overwrite=overwrite)
        self._writer: Any = None
        self._rows: list[dict[str, Any]] = []

    def _begin(self, header: Header) -> None:
        import pyarrow.parquet

        self._writer = pyarrow.parquet.ParquetWriter(self.output.part, _schema(header), compression="zstd")

    def _append(self, record: dict[str, Any]) -> None:
        best = record["top"][0] if record["top"] else {"class": None, "label": None, "score": None}
        self._rows.append(
            {name: record.get(name) for name in ("frame", "time", "explained", "verdict", "covering")}
            | best
            | {"top": record["top"], "targets": [{key: t.get(key) for key in _TARGET} for t in record["targets"]]}
        )
        if len(self._rows) >= _BLOCK:
            self._write_rows()

    def _write_rows(self) -> None:
        import pyarrow

        if self._rows:
            self._writer.write_table(pyarrow.Table.from_pylist(self._rows, schema=self._writer.schema))
            self._rows.clear()

    def _finish(self, *, complete: bool) -> None:
        try:
            self._write_rows()
        finally:
            if self._writer:
                self._writer.close()


def _schema(header: Header) -> Any:
    import pyarrow as pa

    named = [("class", pa.int32()), ("label", pa.string()), ("score", pa.float64())]
    place = pa.list_(pa.float64())
    target = [*named, ("peak", place), ("centroid", place), ("inside", pa.float64()), ("strength", pa.float64())]
    covering = pa.struct([("hot", pa.float64()), ("cold", pa.float64())])
    columns = [("frame", pa.int64()), ("time", pa.float64()), ("explained", pa.bool_()), ("verdict", pa.string())]
    columns += [("covering", covering), *named]
    lists = [("top", pa.list_(pa.struct(named))), ("targets", pa.list_(pa.struct(target)))]
    return pa.schema([*columns, *lists], metadata={"streamcam": json.dumps(header)})


def join_datasets(parts: Sequence[Path], path: Path) -> None:
    """Put the rows of consecutive parts of a video behind each other, with the schema and the header of the first part."""
    from pyarrow import parquet

    with parquet.ParquetWriter(path, parquet.ParquetFile(parts[0]).schema_arrow, compression="zstd") as writer:
        for part in parts:
            for batch in parquet.ParquetFile(part).iter_batches():
                writer.write_batch(batch)
