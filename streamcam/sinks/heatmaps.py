"""Write the raw heatmaps and scores as HDF5, appended as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from streamcam.sinks.partial import FileSink
from streamcam.types import ClipExplanation, Explanation, Frame, Header

CLIPS = "clips"  # the group of a video classifier's clips
_BLOCK = 32  # frames kept in memory before they are appended
_COPIED = 1024  # frames that are copied at once from a part to the whole


class HeatmapSink(FileSink):
    """Writes the arrays of every frame.

    ``heatmaps (N, K, h, w)``, ``classes (N, K)``, ``scores (N, K)``, ``time (N,)``, ``frame (N,)``, ``explained (N,)``.

    Of a video classifier besides, once for each clip: ``clips/heatmaps (M, K, t, h, w)``, ``clips/classes (M, K)``,
    ``clips/scores (M, K)``, ``clips/frame (M, n)`` and ``clips/time (M, n)`` of the frames that it looked at.

    The maps are raw float32. The header stands in the file's attributes. The file is brought up to date on the disk
    every 32 frames.

    Args:
        path: the file.
        header: gives the header; called at the first frame, when all of it is known.
        probabilities: also write ``probabilities (N, C)``.
        overwrite: whether an existing file may be replaced.

    Example::

        with streamcam.HeatmapSink("maps.h5", explain.describe) as sink:
            streamcam.run(source, explain, [sink])
    """

    def __init__(
        self, path: str | Path, header: Callable[[], Header], *, probabilities: bool = False, overwrite: bool = False
    ) -> None:
        super().__init__(path, overwrite=overwrite)
        import h5py

        self._header = header
        self._probabilities = probabilities
        self._file = h5py.File(self.output.part, "w")
        self._frames, self._clips = _Table(self._file), _Table(self._file)
        self._last_clip: ClipExplanation | None = None

    def _write(self, frame: Frame, explanation: Explanation | None) -> None:
        if explanation is None:
            return
        if not self._file.attrs:
            for name, value in self._header().items():
                self._file.attrs[name] = "" if value is None else value
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
        self._frames.add(row)
        clip = explanation.clip
        if clip is not None and clip is not self._last_clip:
            self._last_clip = clip
            arrays = {"heatmaps": clip.heatmaps, "classes": clip.classes, "scores": clip.scores}
            row = arrays | {"time": clip.times, "frame": clip.indices}
            self._clips.add({f"{CLIPS}/{name}": value for name, value in row.items()})

    def _finish(self, *, complete: bool) -> None:
        try:
            self._frames.append()
            self._clips.append()
        finally:
            self._file.close()


class _Table:
    """Arrays of a file that grow together, row by row.

    Args:
        file: an open ``h5py.File``.
    """

    def __init__(self, file: Any) -> None:
        self._file = file
        self._waiting: list[dict[str, Any]] = []
        self._is_begun = False

    def add(self, row: dict[str, Any]) -> None:
        """Take a row: a value for each array. It is in the file when there are enough of them, or after ``append``."""
        if not self._is_begun:
            self._is_begun = True
            for name, value in row.items():
                sizes = {"maxshape": (None, *value.shape), "chunks": (_BLOCK, *value.shape)}
                self._file.create_dataset(name, shape=(0, *value.shape), dtype=value.dtype, **sizes)
        self._waiting.append(row)
        if len(self._waiting) >= _BLOCK:
            self.append()

    def append(self) -> None:
        """Write the rows that wait."""
        for name in self._waiting[0] if self._waiting else ():
            block = np.stack([row[name] for row in self._waiting])
            data = self._file[name]
            data.resize(data.shape[0] + len(block), axis=0)
            data[-len(block) :] = block
        self._waiting.clear()
        self._file.flush()


def join_heatmaps(parts: Sequence[Path], path: Path) -> None:
    """Put the arrays of consecutive parts of a video behind each other, with the attributes of the first part.

    A clip that two parts hold, since it lies across their border, is kept once.
    """
    import h5py

    with h5py.File(path, "w") as output:
        for number, part in enumerate(parts):
            with h5py.File(part, "r") as source:
                if number == 0:
                    for name, value in source.attrs.items():
                        output.attrs[name] = value
                for name, data in [*_arrays(source), *_arrays(source.get(CLIPS, {}), f"{CLIPS}/")]:
                    if name not in output:
                        sizes = {"maxshape": data.maxshape, "chunks": data.chunks}
                        output.create_dataset(name, (0, *data.shape[1:]), data.dtype, **sizes)
                doubles = 0
                if CLIPS in source and len(known := output[f"{CLIPS}/frame"]):
                    doubles = int((source[f"{CLIPS}/frame"][:, 0] <= known[-1, 0]).sum())
                for name, data in [*_arrays(source), *_arrays(source.get(CLIPS, {}), f"{CLIPS}/")]:
                    _extend(output[name], data, doubles if name.startswith(CLIPS) else 0)


def _arrays(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The arrays of a file or a group, without those of groups within it."""
    for name, data in group.items():
        if name != CLIPS:
            yield prefix + name, data


def _extend(whole: Any, data: Any, first: int) -> None:
    """Put the rows of an array, from one on, behind another."""
    before, rows = whole.shape[0], data.shape[0] - first
    whole.resize(before + rows, axis=0)
    for start in range(0, rows, _COPIED):
        block = data[first + start : first + min(start + _COPIED, rows)]
        whole[before + start : before + start + len(block)] = block
