"""Catch what C libraries write to stderr by themselves, so that it can be told with the name of the file it is about."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# What libjpeg, libtiff and OpenCV say begins so; any other line comes from another thread, and is let through.
_OF_LIBRARIES = re.compile(
    rb"Corrupt JPEG|Premature end|Invalid (SOS|component|progressive)|Inconsistent progression|Unknown Adobe"
    rb"|Unsupported (JPEG|marker)|Warning: unknown JFIF|libpng |\[ ?(WARN|ERROR|INFO|DEBUG):"
    rb"|(TIFF|tempfile\.tif|LZW|ZIP|Fax|JPEG)\S*: "
)
_one_at_a_time = threading.Lock()  # the process has one stderr


@contextmanager
def complaints() -> Iterator[list[str]]:
    """Collect the lines that image libraries write to stderr meanwhile: the list is filled at the end."""
    collected: list[str] = []
    with _one_at_a_time, tempfile.TemporaryFile() as caught:
        try:
            sys.stderr and sys.stderr.flush()
            saved = os.dup(2)
        except (OSError, ValueError):  # there is no stderr
            yield collected
            return
        os.dup2(caught.fileno(), 2)
        try:
            yield collected
        finally:
            os.dup2(saved, 2)
            caught.seek(0)
            for line in caught.read().splitlines(keepends=True):
                if _OF_LIBRARIES.match(line):
                    collected.append(line.decode(errors="replace").strip())
                else:
                    os.write(saved, line)
            os.close(saved)
