"""What the model said, frame by frame, as Parquet: one file of a data set that is partitioned by video."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamcam.errors import MissingLibraryError
from streamcam.sinks.partial import FileSink
from streamcam.sinks.records import record_of
from streamcam.types import Explanation, Frame, Header

_BLOCK = 4096  # frames of a row group


def check_library() -> None:
    """Raise ``MissingLibraryError`` where a data set cannot be written."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise MissingLibraryError(
            "--records-dataset needs pyarrow, which is not installed; install it with: pip install 'streamcam[dataset]'"
        ) from error


class DatasetSink(FileSink):
    """Writes the columns ``frame``, ``time``, ``explained``, ``class``, ``label``, ``score`` of the most probable class,
    ``top`` and ``targets`` as lists. The header stands in the file's metadata, as ``streamcam`` in JSON.

    Args:
        path: the file.
        header: gives the header; called at the first frame, when all of it is known.
        labels: one name a class.
        top_k: how many of the most probable classes to record.
        overwrite: whether an existing file may be replaced.
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
        super().__init__(path, overwrite=overwrite)
        self._header, self._labels, self._top_k = header, labels, top_k
        self._writer: Any = None
        self._rows: list[dict[str, Any]] = []

    def _write(self, frame: Frame, explanation: Explanation | None) -> None:
        record = record_of(frame, explanation, self._labels, self._top_k)
        best = record["top"][0] if record["top"] else {"class": None, "label": None, "score": None}
        self._rows.append(
            {name: record[name] for name in ("frame", "time", "explained")}
            | best
            | {"top": record["top"], "targets": [{key: t.get(key) for key in _TARGET} for t in record["targets"]]}
        )
        if len(self._rows) >= _BLOCK:
            self._append()

    def _append(self) -> None:
        import pyarrow
        import pyarrow.parquet

        if not self._rows:
            return
        if self._writer is None:
            schema = _schema(self._header())
            self._writer = pyarrow.parquet.ParquetWriter(self.output.part, schema, compression="zstd")
        self._writer.write_table(pyarrow.Table.from_pylist(self._rows, schema=self._writer.schema))
        self._rows.clear()

    def _finish(self, *, complete: bool) -> None:
        try:
            self._append()
        finally:
            if self._writer:
                self._writer.close()


_TARGET = ("class", "label", "score", "peak", "centroid", "inside")


def _schema(header: Header) -> Any:
    import json

    import pyarrow as pa

    named = [("class", pa.int32()), ("label", pa.string()), ("score", pa.float64())]
    place = pa.list_(pa.float64())
    target = [*named, ("peak", place), ("centroid", place), ("inside", pa.float64())]
    columns = [("frame", pa.int64()), ("time", pa.float64()), ("explained", pa.bool_()), *named]
    lists = [("top", pa.list_(pa.struct(named))), ("targets", pa.list_(pa.struct(target)))]
    return pa.schema([*columns, *lists], metadata={"streamcam": json.dumps(header)})
