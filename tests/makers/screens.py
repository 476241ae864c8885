"""A screen without a monitor, with a window manager."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from makers.needs import need


@contextmanager
def screen(width: int, height: int) -> Iterator[str]:
    """Run Xvfb and openbox until both are ready; gives the display's name."""
    for tool in ("Xvfb", "openbox"):
        need(shutil.which(tool), f"{tool} shows the window")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as answer:
        name = f":{int(answer.readline())}"
    with tempfile.TemporaryDirectory() as folder:
        manages = Path(folder, "manages")
        manager = subprocess.Popen(
            ["openbox", "--startup", f"touch {manages}"],
            env=os.environ | {"DISPLAY": name}, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            end = time.monotonic() + 60
            while not manages.exists():  # a window that comes earlier is never asked to fill the screen
                assert manager.poll() is None
                assert time.monotonic() < end
                time.sleep(0.02)
            yield name
        finally:
            for process in (manager, server):
                process.kill()
                process.wait()
