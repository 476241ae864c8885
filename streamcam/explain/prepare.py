"""Convert a model's graph in a process of its own: TensorFlow is large and holds up everything else while it loads.

What is made is left in the disk cache, where the process that asked for it finds it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

_LOOKS = 0.1  # seconds between looks at whether it is still wanted


def prepare(
    model: dict[str, Any],
    explain: dict[str, Any],
    shape: tuple[int, int],
    targets: Sequence[str | int],
    cache: Path,
    stopped: threading.Event | None = None,
) -> bool:
    """Explain an empty picture in another process, at low priority, so that its graph comes into the disk cache.

    Args:
        model: what to call ``load_model`` with.
        explain: what to call ``GradCAM`` with.
        shape: ``(height, width)`` of the frames in pixels.
        targets: the classes to explain; their number shapes the graph.
        cache: the cache's folder.
        stopped: set where it is not wanted any more: the process is ended at once.

    Returns:
        Whether it worked. Where it did not, doing the same here gives the reason.
    """
    order = json.dumps({"model": model, "explain": explain, "shape": shape, "targets": list(targets)})
    with subprocess.Popen(
        [sys.executable, "-m", "streamcam.explain.prepare", order],
        env=os.environ | {"STREAMCAM_CACHE": str(cache), "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        try:
            while child.poll() is None:
                if stopped is None:
                    child.wait()
                elif stopped.wait(_LOOKS):
                    break
        finally:
            child.kill()
    return child.returncode == 0


def main() -> None:
    """Do what the parent has ordered."""
    from streamcam import GradCAM, load_model

    if hasattr(os, "nice"):
        os.nice(10)
    order = json.loads(sys.argv[1])
    explain = GradCAM(load_model(**order["model"]), **order["explain"])
    explain(np.zeros((*order["shape"], 3), np.uint8), order["targets"])


if __name__ == "__main__":
    main()
