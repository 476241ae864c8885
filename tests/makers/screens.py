"""A screen without a monitor, with a window manager."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from makers.needs import need


@contextmanager
def screen(width: int, height: int) -> Iterator[str]:
    """Run Xvfb and openbox; gives the display's name."""
    for tool in ("Xvfb", "openbox"):
        need(shutil.which(tool), f"{tool} shows the window")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as answer:
        name = f":{int(answer.readline())}"
    manager = subprocess.Popen(["openbox"], env=os.environ | {"DISPLAY": name}, stderr=subprocess.DEVNULL)
    yield name
    for process in (manager, server):
        process.kill()
        process.wait()
