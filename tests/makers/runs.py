"""``streamcam annotate`` as people call it, and what it has made."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys


def command(*arguments, model):
    return [sys.executable, "-m", "streamcam", "annotate", *map(str, arguments), "-m", str(model)]


def call(*arguments, model, code=0, **options):
    done = subprocess.run(
        command(*arguments, model=model), capture_output=True, text=True, timeout=300, check=False, **options
    )  # fmt: skip
    assert done.returncode == code, done.stderr[-3000:]
    return done


def streamcam(*arguments, cwd):
    """Run any command in a folder, whatever comes of it."""
    command = [sys.executable, "-m", "streamcam", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=500, check=False)


def bytes_of(folder):
    """Hashes of the results by their names; the manifest is no result."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".streamcam" not in path.parts
    }


def videos_in(folder):
    """How many videos are done in a folder in which others make and remove things meanwhile."""
    return sum(name.endswith(".cam.mp4") for _, _, names in os.walk(folder) for name in names)


def read_records(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
