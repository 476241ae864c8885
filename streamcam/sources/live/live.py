"""A camera or a stream that never ends and never hangs: it is read in a process of its own, and opened again when it fails."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

import numpy as np

from streamcam.errors import OptionError, SourceError
from streamcam.sources.live.address import parse_address
from streamcam.sources.live.shared import SharedPictures
from streamcam.types import Frame, SourceCounts, SourceState, UInt8Array, VideoInfo

_TICK = 0.1  # seconds between stand-ins, and the longest that anything waits before it looks whether it should stop
_LATE = 0.5  # seconds without a picture until the last one is shown again
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0  # seconds between attempts, doubled each time
_JITTER = 0.25  # of a pause, so that many programs do not come back to one camera in step
_USUAL_SIZE = 1280, 720


class LiveSource:
    """Frames of a camera, a network stream, or a file played in real time.

    Where there is no picture for a while, the last one (at first a black one) is given again with ``fresh=False``, ten
    times a second, so that whoever shows them stays responsive. A source that fails, stalls or is not there at start is
    opened again, without end unless told otherwise, after a pause that doubles up to ten seconds.

    Args:
        given: a camera's number, a device path, a URL, or a file.
        width: to ask a camera for, in pixels.
        height: to ask a camera for, in pixels.
        fps: to ask a camera for.
        mirror: flip left and right, as people expect of their own picture.
        loop: start a file again at its end.
        stall_timeout: seconds of silence after which the reading process is killed.
        open_timeout: seconds that a source may take to give its first picture.
        give_up_after: seconds without a picture after which to stop; None for never.

    Raises:
        SourceError: it can be no source at all. While iterating: it gave nothing for ``give_up_after``.
        OptionError: a setting is outside its range.
    """

    def __init__(
        self,
        given: str | int | Path,
        *,
        width: int | None = None,
        height: int | None = None,
        fps: float | None = None,
        mirror: bool = False,
        loop: bool = False,
        stall_timeout: float = 5.0,
        open_timeout: float = 15.0,
        give_up_after: float | None = None,
    ) -> None:
        for name, value in (("stall-timeout", stall_timeout), ("give-up-after", give_up_after), ("fps", fps)):
            if value is not None and not 0 < value < float("inf"):
                raise OptionError(f"{name} {value}: must be more than 0")
        self.address = parse_address(given)
        self._order = asdict(self.address) | {"width": width, "height": height, "fps": fps, "mirror": mirror}
        self._order |= {"loop": loop, "timeout": open_timeout}
        self._stall_timeout, self._open_timeout = stall_timeout, open_timeout
        self._give_up_after = give_up_after
        self._rate = Fraction(fps or 30).limit_denominator(1001)
        self._image: UInt8Array = np.zeros((height or _USUAL_SIZE[1], width or _USUAL_SIZE[0], 3), np.uint8)
        self._index = 0
        self._last_fresh = 0.0
        self._stopping = threading.Event()
        self.start = time.perf_counter()
        self.state = SourceState("connecting")
        self.counts = SourceCounts()

    @property
    def name(self) -> str:
        """What may be shown of where it comes from: no password."""
        return self.address.name

    @property
    def info(self) -> VideoInfo:
        """The size is that of the last picture; before the first one, of what was asked for."""
        height, width = self._image.shape[:2]
        return VideoInfo(width, height, self._rate, live=True)

    @property
    def now(self) -> float:
        """Seconds since the start of the source, on the clock of ``Frame.time``."""
        return time.perf_counter() - self.start

    def __iter__(self) -> Iterator[Frame]:
        with SharedMemoryReader() as reader:
            self._last_fresh, attempt = self.now, 0
            while not self._stopping.is_set():
                reader.order(self._order)
                for frame in self._frames_until_failure(reader):
                    attempt = 0 if frame.fresh else attempt
                    yield frame
                if self.state.phase == "ended":
                    return
                attempt += 1
                self.state = SourceState("retrying", self.state.reason, attempt)
                pause = min(_FIRST_PAUSE * 2 ** min(attempt - 1, 10), _LONGEST_PAUSE)
                until = self.now + pause * random.uniform(1 - _JITTER, 1 + _JITTER)
                while self.now < until and not self._stopping.wait(_TICK):
                    yield self._stand_in()

    def _frames_until_failure(self, reader: SharedMemoryReader) -> Iterator[Frame]:
        """Fresh frames and stand-ins, until the source ends or is silent for too long; ``state`` says which."""
        patience, heard = self._open_timeout, self.now
        while not self._stopping.is_set():
            message = reader.next(_TICK)
            if message is None:
                silence = self.now - heard
                if silence > patience:
                    self.counts.stalls += 1
                    self.state = SourceState("retrying", f"silent for {patience:g} s", self.state.attempt)
                    reader.kill()
                    return
                if silence > _LATE:
                    yield self._stand_in()
            elif "ended" in message:
                over = not message["ended"] and self._order["kind"] == "file"
                reason = message["ended"] or "it ended"
                self.state = SourceState("ended" if over else "retrying", reason, self.state.attempt)
                return
            else:
                heard = self._last_fresh = self.now
                patience = self._stall_timeout
                self._image = reader.picture(message)
                self.counts.captured += 1
                self.counts.dropped += message["dropped"]
                if self.state.phase != "live":
                    self.counts.reconnects += self.state.phase == "retrying"
                    self.state = SourceState("live")
                yield self._frame(message["arrived"] - self.start, fresh=True)

    def _stand_in(self) -> Frame:
        """The last picture once more. Raises ``SourceError`` when there was none for too long."""
        if self._give_up_after and self.now - self._last_fresh > self._give_up_after:
            raise SourceError(
                f"{self.address.name}: no picture for {self._give_up_after:g} s "
                f"({self.state.reason or 'it is silent'}); check that it is there and switched on"
            )
        return self._frame(self.now, fresh=False)

    def _frame(self, at: float, *, fresh: bool) -> Frame:
        frame = Frame(self._image, self._index, max(0.0, at), fresh)
        self._index += 1
        return frame

    def close(self) -> None:
        """End the iteration, wherever it is, within a tenth of a second."""
        self._stopping.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SharedMemoryReader:
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
        with contextlib.suppress(OSError):  # it died; the listener says so
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
