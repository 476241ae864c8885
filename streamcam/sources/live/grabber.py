"""The process that reads a camera, a stream or a file for ``LiveSource``, so that a read which hangs can be killed.

It is started as ``python -m streamcam.sources.live.grabber``. Its parent sends what to read (``OpenSource``), and which slots
of the shared memory are free again (``SlotFree``). It sends each picture that it has put into a slot (``Picture``), and why
reading ended (``Ended``).
"""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Any

import cv2
import numpy as np

from streamcam.errors import SourceError
from streamcam.settings import CaptureSettings
from streamcam.sources.live.address import PROTOCOLS
from streamcam.sources.live.messages import Ended, OpenSource, Picture, SlotFree
from streamcam.sources.live.shared import SLOT_BYTES, SLOTS, SharedPictures
from streamcam.system.child import serve_parent
from streamcam.system.wire import from_builtins
from streamcam.types import UInt8Array

_MOST_AHEAD = 0.2  # seconds that a film may come before its time
_LONGEST_WAIT = 5.0  # seconds; a clock that jumps further is not believed

# (H, W, 3) uint8 BGR, and when it arrived by ``time.perf_counter``, which all processes of a machine share
Arrived = tuple[UInt8Array, float]


def camera_pictures(where: str, settings: CaptureSettings) -> Iterator[Arrived]:
    """The pictures of a camera, by number or device path."""
    width, height, fps = settings.width, settings.height, settings.fps
    backend = cv2.CAP_V4L2 if sys.platform.startswith("linux") else cv2.CAP_ANY
    capture = cv2.VideoCapture(int(where) if where.isdigit() else where, backend)
    try:
        if not capture.isOpened():
            raise SourceError("cannot be opened: not there, in use, or not permitted")
        if (width or 640) * (height or 480) > 640 * 480:  # USB has no room for larger pictures uncompressed
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        for name, value in ((cv2.CAP_PROP_FRAME_WIDTH, width), (cv2.CAP_PROP_FRAME_HEIGHT, height)):
            if value:
                capture.set(name, value)
        if fps:
            capture.set(cv2.CAP_PROP_FPS, fps)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        while True:
            ok, image = capture.read()
            if not ok:
                raise SourceError("gives no more pictures; was it unplugged?")
            yield image.astype(np.uint8, copy=False), time.perf_counter()
    finally:
        capture.release()


def stream_pictures(url: str, *, timeout: float) -> Iterator[Arrived]:
    """The pictures of a network stream, each as soon as it is complete. Damaged ones are left out."""
    from streamcam.system.ffmpeg import av

    options = {
        "protocol_whitelist": PROTOCOLS,
        "flags": "low_delay",
        "analyzeduration": "1000000",
        "rw_timeout": str(round(timeout * 1e6)),
    }
    if url.startswith("rtsp"):
        options["rtsp_transport"] = "tcp"
    with av.open(url, options=options, timeout=(timeout, timeout)) as container:
        if not container.streams.video:
            raise SourceError("has no picture in it")
        stream = container.streams.video[0]
        stream.thread_type = "SLICE"  # threads that work on several frames at once would each hold one back
        began: float | None = None
        for packet in container.demux(stream):
            arrived = time.perf_counter()
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                continue
            for frame in frames:
                if frame.is_corrupt:
                    continue
                if container.duration and frame.time is not None:  # a film comes faster than it is to be seen
                    began = arrived - frame.time if began is None else began
                    ahead = began + frame.time - time.perf_counter() - _MOST_AHEAD
                    if 0 < ahead < _LONGEST_WAIT:
                        time.sleep(ahead)
                        arrived = time.perf_counter()
                yield np.asarray(frame.to_ndarray(format="bgr24"), np.uint8), arrived


def file_pictures(path: str, *, loop: bool) -> Iterator[Arrived]:
    """A file's pictures, each when it is due."""
    from streamcam.sources.video import VideoSource

    began: float | None = None
    while True:
        with VideoSource(path) as source:
            for frame in source:
                began = time.perf_counter() - frame.time if began is None else began
                due = began + frame.time
                time.sleep(max(0.0, due - time.perf_counter()))
                yield frame.image, time.perf_counter()
            began = due + float(1 / source.info.frame_rate)
        if not loop:
            return


def pictures_of(order: OpenSource) -> Iterator[Arrived]:
    """The pictures of the source that the parent names."""
    address, settings = order.address, order.settings
    if address.kind == "stream":
        return stream_pictures(address.where, timeout=settings.open_timeout)
    if address.kind == "file":
        return file_pictures(address.where, loop=settings.loop)
    return camera_pictures(address.where, settings)


def grab(order: OpenSource, memory: SharedPictures, free: SimpleQueue[int], send: Callable[[Any], None]) -> None:
    """Read the source to its end, and put each picture into a free slot; one that finds none is dropped."""
    dropped, reason = 0, ""
    try:
        for image, arrived in pictures_of(order):
            try:
                slot = free.get_nowait()
            except Empty:
                dropped += 1
                continue
            if order.settings.mirror:
                image = np.asarray(cv2.flip(image, 1), np.uint8)
            if image.nbytes > SLOT_BYTES:
                scale = (SLOT_BYTES / image.nbytes) ** 0.5 * 0.999
                image = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
            memory.put(slot, image)
            height, width = image.shape[:2]
            send(Picture(slot, (height, width, 3), arrived, dropped))
            dropped = 0
    except Exception as error:  # whatever it is, the parent decides when to try again
        reason = _reason(error)
    send(Ended(reason))


def _reason(error: Exception) -> str:
    """A few words, without the URL, which may hold a password."""
    if getattr(error, "errno", None) == errno.EIO:
        return "the connection broke"
    text = str(error) if isinstance(error, SourceError) else getattr(error, "strerror", None) or type(error).__name__
    return " ".join(text.split())[:200]


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
