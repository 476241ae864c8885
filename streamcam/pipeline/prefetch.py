"""Read an iterator ahead in a thread, so that two stages of a pipeline work at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from queue import Empty, Queue
from typing import TypeVar

from streamcam.iteration import End

T = TypeVar("T")


def pump(items: Iterable[T], put: Callable[[T], object], stopped: threading.Event) -> End:
    """Put each item somewhere until the iterator ends or ``stopped`` is set; how it ended. A generator is closed."""
    iterator: Iterator[T] = iter(())
    try:
        iterator = iter(items)
        for item in iterator:
            put(item)
            if stopped.is_set():
                break
    except BaseException as error:  # raised again where the items are used
        return End(error)
    finally:
        if isinstance(iterator, Generator):
            iterator.close()
    return End()


def prefetch(items: Iterable[T], ahead: int = 4) -> Generator[T, None, None]:
    """Iterate in a thread of its own, up to ``ahead`` items before they are asked for.

    The order is kept and nothing is lost. An error of the iterator is raised here, after the items before it. When
    this generator ends or is closed, early or not, the thread has ended, and an iterator that is a generator is closed.

    Args:
        items: what to iterate over; nothing else may use it meanwhile.
        ahead: how many items may wait in between.
    """
    queue: Queue[T | End] = Queue(ahead)
    stopped = threading.Event()

    def fill() -> None:
        queue.put(pump(items, queue.put, stopped))

    thread = threading.Thread(target=fill, name="streamcam-prefetch", daemon=True)
    thread.start()
    try:
        while not isinstance(item := queue.get(), End):
            yield item
        if item.error:
            raise item.error
    finally:
        stopped.set()
        while thread.is_alive():  # it may wait for room in the queue
            try:
                queue.get(timeout=0.02)
            except Empty:
                continue
        thread.join()
