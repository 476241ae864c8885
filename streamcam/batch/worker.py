"""One process of a crew: an order and then tasks come in on stdin, news and results go out on stdout, JSON a line.

It ends when its stdin does, at once: whoever started it is gone, and another may begin the same task.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import warnings
from queue import SimpleQueue
from typing import Any

from streamcam.batch.settings import Settings, Task
from streamcam.errors import StreamcamWarning
from streamcam.system.wire import from_builtins

_BETWEEN = 0.2  # seconds between two pieces of news


def main() -> None:
    """Work until there is nothing more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who started this
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # nothing that a library prints is taken for a message

    def tell(message: dict[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")

    orders: SimpleQueue[dict[str, Any]] = SimpleQueue()
    threading.Thread(target=_listen, args=(orders,), daemon=True).start()
    order = orders.get()

    import cv2

    from streamcam.batch.task import Workshop
    from streamcam.batch.workers import attempt, reporting

    threads = order["threads"]
    cv2.setNumThreads(threads)
    shop = Workshop(from_builtins(order["settings"], Settings), threads=threads)
    tell({"ready": True})
    while True:
        task = Task.from_json(orders.get())
        last = 0.0

        def told(news: Any) -> None:
            nonlocal last
            if time.monotonic() - last >= _BETWEEN:
                last = time.monotonic()
                tell({"frames": news.frames, "total": news.total})

        def warn(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if issubclass(category, StreamcamWarning):
                tell({"warning": str(message)})

        warnings.showwarning = warn
        tell(attempt(shop, task, **reporting(0, task, told)))


def _listen(orders: SimpleQueue[dict[str, Any]]) -> None:
    for line in sys.stdin:
        orders.put(json.loads(line))
    os._exit(1)


if __name__ == "__main__":
    main()
