"""The process that reads a camera, a stream, a file or the screen for ``LiveSource``, so that a read which hangs can be killed.

It is started as ``python -m streamcam.sources.live.grabber``. Its parent sends what to read (``OpenSource``), and which slots
of the shared memory are free again (``SlotFree``). It sends each picture that it has put into a slot (``Picture``), that all
is well where none comes for a while (``Waiting``), and why reading ended (``Ended``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Any

import cv2
import numpy as np

from streamcam.sources.live.kinds.camera import camera_pictures
from streamcam.sources.live.kinds.events import Event, LeftOut, Waits
from streamcam.sources.live.kinds.film import film_pictures
from streamcam.sources.live.kinds.screen import screen_pictures
from streamcam.sources.live.kinds.stream import stream_pictures
from streamcam.sources.live.messages import Ended, OpenSource, Picture, SlotFree, Waiting
from streamcam.sources.live.reasons import in_words
from streamcam.sources.live.shared import SLOT_BYTES, SLOTS, SharedPictures
from streamcam.system.child import serve_parent
from streamcam.system.wire import from_builtins
from streamcam.types import UInt8Array


def events_of(order: OpenSource) -> Iterator[Event]:
    """What comes from the source that the parent names."""
    address, settings = order.address, order.settings
    match address.kind:
        case "stream":
            return stream_pictures(address.where, settings)
        case "file":
            return film_pictures(address.where, loop=settings.loop)
        case "screen":
            return screen_pictures(address.where, fps=settings.fps)
        case _:
            return camera_pictures(address.where, settings)


def grab(order: OpenSource, memory: SharedPictures, free: SimpleQueue[int], send: Callable[[Any], None]) -> None:
    """Read the source to its end, and put each picture into a free slot; one that finds none is dropped."""
    dropped, damaged, reason = 0, 0, ""
    send(Waiting(0.0, ""))
    try:
        for event in events_of(order):
            if isinstance(event, LeftOut):
                damaged += event.count
                continue
            if isinstance(event, Waits):
                send(Waiting(event.due, event.reason))
                continue
            try:
                slot = free.get_nowait()
            except Empty:
                dropped += 1
                continue
            image = _fitting(event.image, mirror=order.settings.mirror)
            memory.put(slot, image)
            height, width = image.shape[:2]
            send(Picture(slot, (height, width, 3), event.arrived, dropped, damaged))
            dropped = damaged = 0
    except Exception as error:  # whatever it is, the parent decides when to try again
        reason = in_words(error, order.address)
    send(Ended(reason, damaged))


def _fitting(image: UInt8Array, *, mirror: bool) -> UInt8Array:
    """The picture as it is wanted, and not larger than a slot."""
    if mirror:
        image = np.asarray(cv2.flip(image, 1), np.uint8)
    if image.nbytes > SLOT_BYTES:
        scale = (SLOT_BYTES / image.nbytes) ** 0.5 * 0.999
        image = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    return image


def main() -> None:
    """Read for one parent until that is gone."""
    orders: SimpleQueue[OpenSource] = SimpleQueue()
    free: SimpleQueue[int] = SimpleQueue()
    for slot in range(SLOTS):
        free.put(slot)

    def received(message: dict[str, Any]) -> None:
        if "free" in message:
            free.put(from_builtins(message, SlotFree).free)
        else:
            orders.put(from_builtins(message, OpenSource))

    send = serve_parent(received)
    memory = SharedPictures.attach(sys.argv[1])
    while True:
        grab(orders.get(), memory, free, send)


if __name__ == "__main__":
    main()
