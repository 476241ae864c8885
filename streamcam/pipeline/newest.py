"""Give the newest frame at once, with the newest explanation there is: live pictures never wait for a slow model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, suppress
from typing import Generic, TypeVar

from streamcam.iteration import End, NotYet
from streamcam.pipeline.prefetch import pump
from streamcam.types import Explained, Explanation, Frame

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Holds the newest thing that was put in, for one taker."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._items: list[T] = []

    def put(self, item: T) -> None:
        """Replace what is in."""
        with self._changed:
            self._items[:] = [item]
            self._changed.notify()

    def add(self, item: T) -> None:
        """Put something in behind what is in."""
        with self._changed:
            self._items.append(item)
            self._changed.notify()

    def take(self) -> T:
        """Wait until something is in, and take it out."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._items))
            return self._items.pop(0)


def newest(items: Iterable[T]) -> Generator[T, None, None]:
    """Iterate in a thread of its own, and give what is newest when it is asked for; the rest is dropped.

    An error of the iterator is raised here. When this generator ends or is closed, the thread has ended; an iterator
    that waits for long delays that.
    """
    box: Mailbox[T | End] = Mailbox()
    stopped = threading.Event()

    def fill() -> None:
        box.add(pump(items, box.put, stopped))

    thread = threading.Thread(target=fill, name="streamcam-newest", daemon=True)
    thread.start()
    try:
        while not isinstance(item := box.take(), End):
            yield item
        if item.error:
            raise item.error
    finally:
        stopped.set()
        thread.join()


def follow(
    frames: Iterable[Frame], explain: Callable[[Frame], Explanation], *, every: int = 1
) -> Generator[Explained, None, None]:
    """Each frame at once, with the newest explanation there is; None until there is one for pictures of its size.

    ``explain`` runs in a thread of its own, on the newest fresh frame each time, or on the newest of every Nth fresh
    frames. Its error is raised here; ``NotYet`` is none.
    """
    box: Mailbox[Frame | End] = Mailbox()
    latest: tuple[tuple[int, ...], Explanation] | None = None
    failure: BaseException | None = None

    def work() -> None:
        nonlocal latest, failure
        try:
            while not isinstance(frame := box.take(), End):
                with suppress(NotYet):
                    latest = frame.image.shape, explain(frame)
        except BaseException as error:
            failure = error

    thread = threading.Thread(target=work, name="streamcam-explain", daemon=True)
    thread.start()
    fresh = 0
    try:
        with closing(newest(frames)) as arriving:
            for frame in arriving:
                if frame.fresh:
                    if fresh % every == 0:
                        box.put(frame)
                    fresh += 1
                if failure:
                    raise failure
                known = latest
                yield frame, known[1] if known and known[0] == frame.image.shape else None
    finally:
        box.put(End())
        thread.join()
