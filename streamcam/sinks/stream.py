"""Send annotated frames on over the network while they are shown: to an RTSP or RTMP server, or to whoever listens on UDP."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from queue import Empty, Full, Queue
from urllib.parse import urlsplit

from streamcam.errors import OptionError, SinkError, StreamcamError, StreamcamWarning
from streamcam.protocols import Closing
from streamcam.settings import Encoding
from streamcam.sinks.containers import Container
from streamcam.sinks.encoder import reason
from streamcam.sinks.muxer import VideoMuxer
from streamcam.system.addresses import redacted
from streamcam.types import Explanation, Frame, VideoInfo

_WAITING = 30  # frames between the session and the receiver
_PATIENCE = 5.0  # seconds that a receiver may take for the rest at the end
_SILENCE = 10.0  # seconds without a frame taken after which a receiver has failed
_RTMP = Container("flv", options={"flvflags": "no_duration_filesize"})
_RTSP = Container("rtsp", options={"rtsp_transport": "tcp"})
_UDP = Container("mpegts", options={"flush_packets": "1"})
_UDP_PACKET = "pkt_size=1316"  # seven packets of a transport stream: what fits into one of a network
_KINDS = {"rtsp": _RTSP, "rtsps": _RTSP, "rtmp": _RTMP, "rtmps": _RTMP, "udp": _UDP}


def is_stream(address: str) -> bool:
    """Whether an output's name is a URL that a ``StreamSink`` sends to."""
    return address.split("://", 1)[0].lower() in _KINDS if "://" in address else False


class StreamSink(Closing):
    """Sends frames as H.264 without sound, in a thread of its own: nothing waits for the receiver.

    It connects at the first frame. A receiver that fails ends the sending, not the session: ``failed`` is called once with
    one line, and frames are left out from then on. Where the receiver is slow, frames are left out and counted in ``lost``.

    Args:
        url: ``rtsp://``, ``rtmp://`` or ``udp://``. Passwords and keys in it are never shown.
        rate: frames a second that the source promises.
        encoding: how to compress; ``superfast`` unless it says otherwise.
        failed: called from the sending thread; a ``StreamcamWarning`` if None.

    Raises:
        OptionError: no such kind of address.
    """

    def __init__(
        self,
        url: str,
        rate: Fraction,
        *,
        encoding: Encoding | None = None,
        failed: Callable[[str], object] | None = None,
    ) -> None:
        if not is_stream(url):
            raise OptionError(f"{redacted(url)}: cannot be sent to; use rtsp://, rtmp:// or udp://")
        self.name = shown(url)
        self.failure: SinkError | None = None
        self.lost = 0
        self.frames = 0
        self._url, self._rate = url, rate
        encoding = encoding or Encoding()
        self._encoding = replace(encoding, preset=encoding.preset or "superfast", audio="none")
        self._failed = failed or (lambda line: warnings.warn(line, StreamcamWarning, stacklevel=2))
        self._queue: Queue[Frame | None] = Queue(_WAITING)
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self._taken = 0.0  # when the last frame was
        self._failing = threading.Lock()

    def write(self, frame: Frame, explanation: Explanation | None) -> None:
        """Take one frame. It never waits and never fails."""
        if self._ending.is_set() or self.failure:
            return
        if self._thread is None:
            self._taken = time.monotonic()
            self._thread = threading.Thread(target=self._work, name="streamcam-sending", daemon=True)
            self._thread.start()
        try:
            self._queue.put_nowait(frame)
        except Full:
            self.lost += 1
            if time.monotonic() - self._taken > _SILENCE:
                self._fail("it takes no pictures")

    def close(self) -> None:
        """Send what waits, and end the connection; a receiver that hangs is left alone after some seconds."""
        if self._ending.is_set():
            return
        self._ending.set()
        if self._thread:
            self._thread.join(_PATIENCE)

    def _work(self) -> None:
        try:
            self._send()
        except Exception as error:  # whatever it is, the session goes on
            self._fail(self._why(error))

    def _fail(self, why: str) -> None:
        with self._failing:
            if self.failure:
                return
            self.failure = SinkError(f"{self.name}: nothing is sent any more ({why}); the session goes on without it")
        self._failed(str(self.failure))

    def _send(self) -> None:
        from streamcam.system.ffmpeg import av

        if (first := self._next()) is None:
            return
        height, width = first.image.shape[:2]
        kind = _KINDS[self._url.split("://", 1)[0].lower()]
        info = VideoInfo(width, height, self._rate, live=True)
        url = self._url
        if kind is _UDP and "pkt_size" not in url:
            url += ("&" if "?" in url else "?") + _UDP_PACKET
        muxer = VideoMuxer(url, kind, info, self._encoding, name=self.name, low_delay=True)
        try:
            frame: Frame | None = first
            while frame is not None:
                muxer.write(replace(frame, time=frame.time - first.time))
                self.frames += 1
                self._taken = time.monotonic()
                frame = self._next()
            muxer.finish(0.0)
            muxer.close()
        except (av.FFmpegError, OSError):
            muxer.abandon()
            raise

    def _next(self) -> Frame | None:
        """The next frame, None at the end."""
        while True:
            try:
                return self._queue.get(timeout=0.1)
            except Empty:
                if self._ending.is_set():
                    return None

    def _why(self, error: Exception) -> str:
        why = str(error) if isinstance(error, StreamcamError) else reason(error)
        return type(error).__name__ if not why or "://" in why.replace(self.name, "") else why


def shown(url: str) -> str:
    """A receiver's address as it may be shown: of RTMP also without the last part of the path, which is the stream's key."""
    name = redacted(url)
    if urlsplit(name).scheme.lower().startswith("rtmp") and urlsplit(name).path.count("/") > 1:
        return f"{name.rpartition('/')[0]}/…"
    return name
