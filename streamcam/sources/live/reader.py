"""Start, use and kill the process that reads a live source: the parent's side of ``grabber``."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

from streamcam.protocols import Closing
from streamcam.sources.live.messages import Ended, OpenSource, Picture, SlotFree, Waiting
from streamcam.sources.live.shared import SharedPictures
from streamcam.system.child import ChildProcess
from streamcam.system.wire import from_builtins
from streamcam.types import UInt8Array

Said: TypeAlias = Picture | Waiting | Ended

_QUIET = {"OPENCV_LOG_LEVEL": "OFF", "OPENCV_FFMPEG_LOGLEVEL": "-8"}


class ReadingProcess(Closing):
    """Reads one live source after the other in a process of its own, whose pictures come through shared memory."""

    def __init__(self) -> None:
        self._memory = SharedPictures.create()
        self._child: ChildProcess | None = None
        self._messages: SimpleQueue[Said] = SimpleQueue()

    def open(self, order: OpenSource) -> None:
        """Let the process read a source. A new process is started where the last one has ended."""
        if self._child is None or not self._child.is_running:
            self.kill()
            self._child = self._start()
        self._child.send(order)

    def _start(self) -> ChildProcess:
        self._messages = messages = SimpleQueue[Said]()

        def heard(message: dict[str, Any]) -> None:
            kind: type[Said] = Picture if "slot" in message else Waiting if "due" in message else Ended
            messages.put(from_builtins(message, kind))

        return ChildProcess(
            "streamcam.sources.live.grabber",
            self._memory.handle,
            heard=heard,
            ended=lambda: messages.put(Ended("the reading process died")),
            environment=_QUIET,
            inherited=() if self._memory.descriptor is None else (self._memory.descriptor,),
        )

    def next(self, timeout: float) -> Said | None:
        """The next message, or None when none came in time (seconds)."""
        try:
            return self._messages.get(timeout=timeout)
        except Empty:
            return None

    def copy(self, picture: Picture) -> UInt8Array:
        """The ``(H, W, 3)`` picture of a message, copied; its slot is free again."""
        assert self._child
        image = self._memory.take(picture.slot, picture.shape)
        self._child.send(SlotFree(picture.slot))
        return image

    def kill(self) -> None:
        """End the process, whatever it is doing. The next ``open`` starts another."""
        if self._child:
            self._child.close()
            self._child = None

    def close(self) -> None:
        """End the process, and give the memory back."""
        self.kill()
        self._memory.close()
