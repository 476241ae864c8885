"""Write what the model said of each frame as JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from streamcam.sinks.rows import RowSink
from streamcam.types import Header


class RecordSink(RowSink):
    """Writes the header as one object, then one object a frame: each line is in the file as soon as it is written.

    See ``RowSink`` for the arguments, and ``record_of`` for what an object holds.

    Example::

        with streamcam.RecordSink("said.jsonl", explain.describe, explain.labels) as sink:
            streamcam.run(source, explain, [sink])
    """

    _file: TextIO | None = None

    def _begin(self, header: Header) -> None:
        self._file = self.output.part.open("w", encoding="utf-8", newline="\n", buffering=1)
        self._append(header)

    def _append(self, record: dict[str, Any]) -> None:
        assert self._file
        self._file.write(json.dumps(record, ensure_ascii=False) + "\n")

    def _finish(self, *, complete: bool) -> None:
        if self._file:
            self._file.close()


def join_records(parts: Sequence[Path], path: Path) -> None:
    """Put the records of consecutive parts of a video together: the header of the first, and the lines of all."""
    with path.open("w", encoding="utf-8", newline="\n") as output:
        for number, part in enumerate(parts):
            with part.open(encoding="utf-8") as lines:
                header = next(lines)
                if number == 0:
                    output.write(header)
                output.writelines(lines)
