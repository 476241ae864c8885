"""Keep a library from taking the processor for itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def usual_priority() -> Iterator[None]:
    """Whatever is started in here runs like everything else, and so does this thread afterwards.

    SVT-AV1 gives its threads, and the one that opens it, the priority of real time where it may, as it may for root. They, and
    all that is started later, would let nothing else run. Elsewhere than on Linux this does nothing.
    """
    if not hasattr(os, "sched_setscheduler") or not _THREADS.is_dir():
        yield
        return
    before = _real_time()
    try:
        yield
    finally:
        for thread in _real_time() - before:
            with suppress(OSError):  # it has ended
                os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))


_THREADS = Path("/proc/self/task")


def _real_time() -> set[int]:
    """The threads of this process that run before all others."""
    found = set()
    for thread in (int(entry.name) for entry in _THREADS.iterdir()):
        with suppress(OSError):
            if os.sched_getscheduler(thread) in (os.SCHED_FIFO, os.SCHED_RR):
                found.add(thread)
    return found
