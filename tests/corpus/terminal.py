"""Watches what libraries write to standard error past Python."""

from __future__ import annotations

import os
import sys
import tempfile

# As the command sets them, before OpenCV is imported.
QUIET = {"OPENCV_LOG_LEVEL": "OFF", "OPENCV_FFMPEG_LOGLEVEL": "-8", "TF_CPP_MIN_LOG_LEVEL": "3"}

LOSS_WORDS = ("damaged", "lost", "left out", "missing")  # of a warning


class Terminal:
    """Keeps what would be seen on the terminal.

    Attributes:
        real: the terminal itself.
    """

    def __enter__(self) -> Terminal:
        sys.stderr.flush()
        self._saved = os.dup(2)
        self._file = tempfile.TemporaryFile("w+b")
        os.dup2(self._file.fileno(), 2)
        self.real = os.fdopen(os.dup(self._saved), "w")
        self._at = 0
        return self

    def said(self) -> list[str]:
        """What is new, line by line."""
        data = os.pread(self._file.fileno(), 1 << 20, self._at)
        self._at += len(data)
        return [line for line in data.decode(errors="replace").splitlines() if line.strip()]

    def __exit__(self, *_: object) -> None:
        os.dup2(self._saved, 2)
        os.close(self._saved)
        self.real.close()
        self._file.close()
