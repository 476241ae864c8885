"""What is recorded of one frame, and the base of the sinks that write one such record a frame."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from streamcam.sinks.partial import FileSink
from streamcam.types import RIVALS_OF, ClipExplanation, Explanation, Float32Array, Frame, Header, Region


class RowSink(FileSink):
    """Writes a header at the first frame, then one record a frame; subclasses know the format.

    ``explained`` is false for a frame that carries the explanation of an earlier one.

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
        super().__init__(path, overwrite=overwrite)
        self._header, self._labels, self._top_k = header, labels, top_k

    def _write(self, frame: Frame, explanation: Explanation | None) -> None:
        if not self.frames:
            self._begin(self._header())
        self._append(record_of(frame, explanation, self._labels, self._top_k))

    @abstractmethod
    def _begin(self, header: Header) -> None:
        """Open ``self.output.part`` and write the header."""

    @abstractmethod
    def _append(self, record: dict[str, Any]) -> None:
        """Write one record, see ``record_of``."""


def record_of(frame: Frame, explanation: Explanation | None, labels: tuple[str, ...], top_k: int) -> dict[str, Any]:
    """What the model said of a frame and where the evidence lies, as data that JSON has."""

    def named(index: int, score: float) -> dict[str, Any]:
        return {"class": index, "label": labels[index], "score": round(score, 6)}

    record: dict[str, Any] = {"frame": frame.index, "time": round(frame.time, 6), "explained": False}
    if explanation is None:
        return record | {"top": [], "targets": []}
    if explanation.inside:
        record["alert"] = explanation.inside.alert
    if explanation.covering:
        record["covering"] = {name: round(fall, 4) for name, fall in asdict(explanation.covering).items()}
    if explanation.verdict:
        record["verdict"] = explanation.verdict
    if explanation.clip:
        record["clip"] = clip_of(explanation.clip, labels)
    return record | {
        "explained": explanation.index == frame.index,
        "top": [named(index, score) for index, score in explanation.top(top_k)],
        "targets": [
            named(int(explanation.classes[k]), float(explanation.scores[k]))
            | place_of(explanation.heatmaps[k], explanation.region)
            | _asked(explanation, k, labels)
            for k in range(len(explanation.classes))
        ],
    }


def clip_of(clip: ClipExplanation, labels: tuple[str, ...]) -> dict[str, Any]:
    """What a video classifier said of a clip: which frames it looked at, and of each class the score and each frame's share."""
    targets = [
        {"class": int(index), "label": labels[index], "score": round(float(score), 6)}
        | {"shares": [round(share, 4) for share in shares]}
        for index, score, shares in zip(clip.classes, clip.scores, clip.shares.tolist(), strict=True)
    ]
    times = [round(float(time), 6) for time in clip.times]
    return {"frames": clip.indices.tolist(), "times": times, "targets": targets}


def _asked(explanation: Explanation, k: int, labels: tuple[str, ...]) -> dict[str, Any]:
    """What else there is to say of a target, where there is."""
    more: dict[str, Any] = {}
    if explanation.strength is not None:
        more["strength"] = round(float(explanation.strength[k]), 4)
    if (versus := int(explanation.versus[k])) >= 0:
        more["versus"] = {"class": versus, "label": labels[versus]}
    elif versus == RIVALS_OF:
        more["versus"] = "similar"
    if explanation.against[k]:
        more["against"] = True
    if explanation.inside:
        share = explanation.inside.shares[k]
        more["inside"] = None if share is None else round(share, 4)
    return more


def place_of(heatmap: Float32Array, region: Region) -> dict[str, list[float] | None]:
    """Where the evidence lies, in frame pixels: the centre of the hottest cell, and the centre of mass.

    Args:
        heatmap: ``(h, w)`` float32, raw evidence.
        region: the part of the frame that the map covers.

    Returns:
        ``peak`` and ``centroid`` as ``[x, y]``, None for a map without evidence.
    """
    total = float(heatmap.sum())
    if total <= 0:
        return {"peak": None, "centroid": None}
    h, w = heatmap.shape

    def pixels(column: float, row: float) -> list[float]:
        x = region.x0 + (column + 0.5) * (region.x1 - region.x0) / w
        y = region.y0 + (row + 0.5) * (region.y1 - region.y0) / h
        return [round(x, 1), round(y, 1)]

    row, column = divmod(int(heatmap.argmax()), w)
    columns = float((heatmap.sum(axis=0) * range(w)).sum()) / total
    rows = float((heatmap.sum(axis=1) * range(h)).sum()) / total
    return {"peak": pixels(column, row), "centroid": pixels(columns, rows)}
