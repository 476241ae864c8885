"""Record a live session to video files, in a thread of its own, so that the session never waits for the encoder."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from queue import Full, Queue

from streamcam.errors import StreamcamError
from streamcam.live.controls import Controls
from streamcam.protocols import Closing, Sink
from streamcam.settings import Encoding
from streamcam.sinks.opening import open_video
from streamcam.types import Explanation, Frame, VideoInfo

_WAITING = 30  # frames between the session and the encoder


class BackgroundWriter:
    """Writes to a sink in a thread of its own. A frame that finds the queue full is left out and counted in ``lost``.

    Args:
        sink: what to write to; nothing else may use it meanwhile. It is closed by ``close``.
    """

    def __init__(self, sink: Sink) -> None:
        self.lost = 0
        self._sink = sink
        self._queue: Queue[tuple[Frame, Explanation | None] | None] = Queue(_WAITING)
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="streamcam-recording", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            if self._failure:
                continue
            try:
                self._sink.write(*item)
            except Exception as error:  # raised again where frames come from
                self._failure = error

    def write(self, frame: Frame, explanation: Explanation | None) -> None:
        """Take one frame. Raises what the sink has raised before."""
        if self._failure:
            raise self._failure
        try:
            self._queue.put_nowait((frame, explanation))
        except Full:
            self.lost += 1

    def close(self) -> None:
        """Write what waits, and close the sink."""
        self._queue.put(None)
        self._thread.join()
        self._sink.close()
        if self._failure:
            raise self._failure


class Recorder(Closing):
    """A sink that records while the controls say so, each time to a file of its own.

    Times are those of the source, from the first frame of the recording. A failure ends the recording, not the session.

    Args:
        controls: whether to record; shows notices of files and failures.
        rate: frames a second that the source promises.
        path_of: gives the file for the next recording.
        encoding: how to compress.
        overwrite: whether an existing file may be replaced.
    """

    def __init__(
        self,
        controls: Controls,
        rate: Fraction,
        path_of: Callable[[], Path],
        *,
        encoding: Encoding | None = None,
        overwrite: bool = False,
    ) -> None:
        self.saved: list[Path] = []
        self.failures: list[StreamcamError] = []
        self.lost = 0
        self.seconds: float | None = None
        self._controls, self._rate, self._path_of = controls, rate, path_of
        self._encoding, self._overwrite = encoding, overwrite
        self._background: BackgroundWriter | None = None
        self._path = Path()
        self._began = 0.0

    def write(self, frame: Frame, explanation: Explanation | None) -> None:
        """Record a frame, if recording is on. A recording begins with the first fresh frame."""
        try:
            if not self._controls.recording:
                self.close()
                return
            if self._background is None:
                if not frame.fresh:
                    return
                self._open(frame)
            assert self._background
            self.seconds = frame.time - self._began
            self._background.write(replace(frame, time=self.seconds), explanation)
        except StreamcamError as error:
            self._fail(error)

    def _open(self, frame: Frame) -> None:
        height, width = frame.image.shape[:2]
        self._path, self._began = self._path_of(), frame.time
        info = VideoInfo(width, height, self._rate, live=True)
        self._background = BackgroundWriter(
            open_video(self._path, info, encoding=self._encoding, overwrite=self._overwrite)
        )
        self._controls.show_notice(f"recording to {self._path}")

    def _fail(self, error: StreamcamError) -> None:
        self._controls.recording = False
        self._controls.show_notice(str(error))
        self.failures.append(error)
        self.close()

    def close(self) -> None:
        """End the recording, if there is one."""
        background, self._background, self.seconds = self._background, None, None
        if background is None:
            return
        try:
            background.close()
            self.saved.append(self._path)
            self._controls.show_notice(f"saved {self._path}")
        except StreamcamError as error:
            if error not in self.failures:
                self.failures.append(error)
        self.lost += background.lost
