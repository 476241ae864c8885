"""The parent's side of the process that reads a live source (``grabber``): started when needed, killed when it hangs."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

from streamcam.sources.live.shared import SharedPictures
from streamcam.types import UInt8Array


class ReadingProcess:
    """The parent's side of the reading process (see ``grabber``): started when needed, killed when it hangs."""

    def __init__(self) -> None:
        self._memory = SharedPictures.create()
        self._process: subprocess.Popen[bytes] | None = None
        self._listener: threading.Thread | None = None
        self._messages: SimpleQueue[dict[str, Any]] = SimpleQueue()

    def order(self, order: dict[str, Any]) -> None:
        """Let the process open a source."""
        if self._process is None or self._process.poll() is not None:
            self.kill()
            self._start()
        self._tell(order)

    def _start(self) -> None:
        inherited = () if self._memory.descriptor is None else (self._memory.descriptor,)
        self._process = process = subprocess.Popen(
            [sys.executable, "-m", "streamcam.sources.live.grabber", self._memory.handle],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("STREAMCAM_DEBUG") else subprocess.DEVNULL,
            pass_fds=inherited,
            close_fds=True,
            bufsize=0,
            env=os.environ | {"OPENCV_LOG_LEVEL": "OFF", "OPENCV_FFMPEG_LOGLEVEL": "-8"},
        )
        messages: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._messages = messages

        def listen() -> None:
            assert process.stdout
            for line in iter(process.stdout.readline, b""):
                messages.put(json.loads(line))
            messages.put({"ended": "the reading process died"})

        self._listener = threading.Thread(target=listen, name="streamcam-capture", daemon=True)
        self._listener.start()

    def next(self, timeout: float) -> dict[str, Any] | None:
        """The next message, or None when none came in time (seconds)."""
        try:
            return self._messages.get(timeout=timeout)
        except Empty:
            return None

    def picture(self, message: dict[str, Any]) -> UInt8Array:
        """The picture of a message, copied; its slot is free again."""
        image = self._memory.take(message["slot"], message["shape"])
        self._tell({"free": message["slot"]})
        return image

    def _tell(self, message: dict[str, Any]) -> None:
        assert self._process
        assert self._process.stdin
        with contextlib.suppress(OSError):  # it has ended; the listener reports that
            self._process.stdin.write(json.dumps(message).encode() + b"\n")

    def kill(self) -> None:
        """End the process, whatever it is doing. The next order starts another."""
        if self._process is None or self._listener is None:
            return
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        self._process = self._listener = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._memory.close()
