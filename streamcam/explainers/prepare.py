"""Convert a model's graph in a process of its own: TensorFlow is large and holds up everything else while it loads.

What is made is left in the disk cache, where the process that asked for it finds it.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from streamcam.backends.load import load_classifier
from streamcam.explainers.clips import ClipGradCAM
from streamcam.explainers.make import make_explainer
from streamcam.settings import ExplainSettings, ModelSettings
from streamcam.system.child import ChildProcess, serve_parent
from streamcam.system.wire import from_builtins

_LOOKS = 0.1  # seconds between looks at whether it is still wanted


@dataclass(frozen=True, slots=True)
class Order:
    """What to prepare.

    Attributes:
        model: whose graph.
        explain: how it is explained; the number of targets shapes the graph.
        shape: ``(height, width)`` of the frames in pixels.
    """

    model: ModelSettings
    explain: ExplainSettings
    shape: tuple[int, int]


def prepare(
    model: ModelSettings,
    explain: ExplainSettings,
    shape: tuple[int, int],
    *,
    cache: Path,
    stopped: threading.Event | None = None,
) -> bool:
    """Explain an empty picture in another process, at low priority, so that its graph comes into the disk cache.

    Args:
        model: whose graph.
        explain: how it is explained; the number of targets shapes the graph.
        shape: ``(height, width)`` of the frames in pixels.
        cache: the cache's folder.
        stopped: set where it is not wanted any more: the process is ended at once.

    Returns:
        Whether it worked. Where it did not, doing the same here gives the reason.
    """
    child = ChildProcess("streamcam.explainers.prepare", environment={"STREAMCAM_CACHE": str(cache)})
    try:
        child.send(Order(model, explain, shape))
        while not child.wait(_LOOKS if stopped else None):
            if stopped and stopped.is_set():
                return False
        return child.exit_code == 0
    finally:
        child.close()


def main() -> None:
    """Do what the parent has ordered."""
    orders: SimpleQueue[Any] = SimpleQueue()
    serve_parent(orders.put)
    if hasattr(os, "nice"):
        os.nice(10)
    order = from_builtins(orders.get(), Order)
    explain = make_explainer(replace(order.explain, cache=True), load_classifier(order.model))
    picture = np.zeros((*order.shape, 3), np.uint8)
    if isinstance(explain, ClipGradCAM):
        explain.explain_clip([picture] * explain.sampling.frames)
    else:
        explain(picture)


if __name__ == "__main__":
    main()
