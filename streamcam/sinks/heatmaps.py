"""Write the raw heatmaps and scores as HDF5, appended as they come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from streamcam.sinks.partial import FileSink
from streamcam.types import Explanation, Frame, Header

_BLOCK = 32  # frames kept in memory before they are appended
_COPIED = 1024  # frames that are copied at once from a part to the whole


class HeatmapSink(FileSink):
    """Writes the arrays of every frame.

    ``heatmaps (N, K, h, w)``, ``classes (N, K)``, ``scores (N, K)``, ``time (N,)``, ``frame (N,)``, ``explained (N,)``.

    The maps are raw float32. The header stands in the file's attributes. The file is brought up to date on the disk
    every 32 frames.

    Args:
        path: the file.
        header: gives the header; called at the first frame, when all of it is known.
        probabilities: also write ``probabilities (N, C)``.
        overwrite: whether an existing file may be replaced.
    """

    def __init__(
        self, path: str | Path, header: Callable[[], Header], *, probabilities: bool = False, overwrite: bool = False
    ) -> None:
        super().__init__(path, overwrite=overwrite)
        import h5py

        self._header = header
        self._probabilities = probabilities
        self._file = h5py.File(self.output.part, "w")
        self._waiting: list[dict[str, Any]] = []

    def _write(self, frame: Frame, explanation: Explanation | None) -> None:
        if explanation is None:
            return
        row: dict[str, Any] = {
            "heatmaps": explanation.heatmaps,
            "classes": explanation.classes,
            "scores": explanation.scores,
            "time": np.float64(frame.time),
            "frame": np.int64(frame.index),
            "explained": np.bool_(explanation.index == frame.index),
        }
        if self._probabilities:
            row["probabilities"] = explanation.probabilities
        if not self.frames:
            self._create(row)
        self._waiting.append(row)
        if len(self._waiting) >= _BLOCK:
            self._append()

    def _create(self, row: dict[str, Any]) -> None:
        for name, value in row.items():
            self._file.create_dataset(
                name,
                shape=(0, *value.shape),
                maxshape=(None, *value.shape),
                dtype=value.dtype,
                chunks=(_BLOCK, *value.shape),
            )
        for name, value in self._header().items():
            self._file.attrs[name] = "" if value is None else value

    def _append(self) -> None:
        for name in self._waiting[0] if self._waiting else ():
            block = np.stack([row[name] for row in self._waiting])
            data = self._file[name]
            data.resize(data.shape[0] + len(block), axis=0)
            data[-len(block) :] = block
        self._waiting.clear()
        self._file.flush()

    def _finish(self, *, complete: bool) -> None:
        try:
            self._append()
        finally:
            self._file.close()


def join_heatmaps(parts: Sequence[Path], path: Path) -> None:
    """Put the arrays of consecutive parts of a video behind each other, with the attributes of the first part."""
    import h5py

    with h5py.File(path, "w") as output:
        for number, part in enumerate(parts):
            with h5py.File(part, "r") as source:
                if number == 0:
                    for name, value in source.attrs.items():
                        output.attrs[name] = value
                    for name, data in source.items():
                        shape = (0, *data.shape[1:])
                        output.create_dataset(name, shape, data.dtype, maxshape=data.maxshape, chunks=data.chunks)
                for name, data in source.items():
                    whole = output[name]
                    before = whole.shape[0]
                    whole.resize(before + data.shape[0], axis=0)
                    for start in range(0, data.shape[0], _COPIED):
                        block = data[start : start + _COPIED]
                        whole[before + start : before + start + len(block)] = block
