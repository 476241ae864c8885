"""One worker process: an order and then tasks come in, reports of each task go out, see ``system.child``.

It ends when its driver does, at once: another may begin the same task.
"""

from __future__ import annotations

import time
import warnings
from queue import SimpleQueue
from typing import Any

from streamcam.batch.task import Task, WorkerOrder, WorkerReport
from streamcam.errors import StreamcamWarning
from streamcam.system.child import serve_parent
from streamcam.system.wire import from_builtins

_BETWEEN = 0.2  # seconds between two reports of progress


def main() -> None:
    """Work until there is nothing more."""
    messages: SimpleQueue[Any] = SimpleQueue()
    send = serve_parent(messages.put)
    order = from_builtins(messages.get(), WorkerOrder)

    import cv2

    from streamcam.batch.runner import TaskRunner

    cv2.setNumThreads(order.threads)
    runner = TaskRunner(order.settings, threads=order.threads)
    last = 0.0

    def counted(frames: int, total: int | None) -> None:
        nonlocal last
        if time.monotonic() - last >= _BETWEEN:
            last = time.monotonic()
            send(WorkerReport(frames, total))

    def warn(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if issubclass(category, StreamcamWarning):
            send(WorkerReport(warning=str(message)))

    warnings.showwarning = warn
    send({})  # ready
    while True:
        task = from_builtins(messages.get(), Task)
        last = 0.0
        outcome = runner.attempt(task, counted=counted)
        send(WorkerReport(result=outcome.result, failure=outcome.failure))


if __name__ == "__main__":
    main()
