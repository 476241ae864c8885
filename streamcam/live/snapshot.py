"""Save one picture of a live session as PNG, and what the model said of it as JSON."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from streamcam.errors import SinkError
from streamcam.sinks.image import ImageSink
from streamcam.sinks.rows import record_of
from streamcam.types import Explanation, Frame, Header


def free_path(folder: Path, suffix: str) -> Path:
    """``streamcam-20261123-143857.png`` in the folder, with a number where that is taken."""
    stem, number = f"streamcam-{datetime.now():%Y%m%d-%H%M%S}", 1
    while (path := folder / f"{stem}{f'-{number}' if number > 1 else ''}{suffix}").exists():
        number += 1
    return path


def save_snapshot(
    folder: Path, frame: Frame, explanation: Explanation | None, header: Header, labels: tuple[str, ...], top_k: int
) -> Path:
    """Write the picture as PNG and beside it, as JSON, its record; the path of the picture.

    Args:
        folder: where to; it is made if it is missing.
        frame: as it is shown.
        explanation: behind it, or None.
        header: what a reader of the record must know.
        labels: one name a class.
        top_k: how many of the most probable classes to record.

    Raises:
        SinkError: it cannot be written.
    """
    path = free_path(folder, ".png")
    with ImageSink(path) as sink:
        sink.write(frame, explanation)
    try:
        record = header | record_of(frame, explanation, labels, top_k)
        path.with_suffix(".json").write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise SinkError(f"{path.with_suffix('.json')}: cannot be written ({error.strerror})") from error
    return path
