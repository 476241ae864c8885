"""What a part of the program must not leave behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil


def reading_processes() -> list[psutil.Process]:
    """The processes that read live sources for this one."""
    return [p for p in psutil.Process().children(recursive=True) if "streamcam.sources.live.grabber" in _command(p)]


def _command(process: psutil.Process) -> list[str]:
    with suppress(psutil.NoSuchProcess):  # it ends at this moment, or has ended and nobody has waited for it yet
        return process.cmdline()
    return []


@contextmanager
def nothing_left() -> Iterator[None]:
    """No thread, reading process or open file outlives what is done in here."""
    me = psutil.Process()
    before = me.num_fds() if hasattr(me, "num_fds") else me.num_handles()
    yield
    names = [t.name for t in threading.enumerate() if t.name.startswith("streamcam")]
    assert not names, names
    assert reading_processes() == []
    after = me.num_fds() if hasattr(me, "num_fds") else me.num_handles()
    assert after <= before + 2  # pytest's own
