"""A camera to point streamcam at: a real MJPEG server over HTTP on loopback, in a process of its own, with faults to order.

Each picture shows its number as a row of black and white squares, so that whoever sees it can tell when it was sent.
"""

from __future__ import annotations

import argparse
import json
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import cv2
import numpy as np

if TYPE_CHECKING:  # the server's process needs none of it
    from streamcam.sources.live.live import LiveSource
    from streamcam.types import Frame

BITS = 12
_SQUARE = 16  # pixels
_BOUNDARY = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"


def number_of(image: np.ndarray) -> int:
    """The number that a picture shows, also after a heatmap was laid over it."""
    bottom = image[-_SQUARE // 2 - 2, _SQUARE // 2 : _SQUARE * BITS : _SQUARE].astype(int).max(axis=1)
    return int(sum(1 << bit for bit, value in enumerate(bottom) if value > 128))


def pictures(width: int, height: int, count: int, photograph: np.ndarray) -> list[bytes]:
    """JPEGs of a photograph that moves a little, each with its number."""
    scaled = cv2.resize(photograph, (width + 40, height + 40))
    made = []
    for number in range(count):
        x = 20 + round(18 * np.sin(number / 15))
        image = scaled[20 : 20 + height, x : x + width].copy()
        for bit in range(BITS):
            value = 255 if number >> bit & 1 else 0
            image[-_SQUARE:, bit * _SQUARE : (bit + 1) * _SQUARE] = value
        made.append(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes())
    return made


class Camera:
    """The server as a process; ``fault`` makes it misbehave."""

    def __init__(
        self, *, width: int = 320, height: int = 240, fps: float = 30, port: int = 0, count: int = 300
    ) -> None:
        command = [sys.executable, __file__, str(width), str(height), str(fps), str(port), str(count)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}/camera.mjpg"

    def ask(self, **order: Any) -> Any:
        """Send an order and get the answer."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def fault(self, name: str) -> None:
        """One of: freeze, disconnect, garbage, truncated, size, slow, none."""
        self.ask(fault=name)

    def sent(self) -> dict[int, float]:
        """When each picture was sent last, by ``time.perf_counter``."""
        return {int(number): at for number, at in self.ask(sent=True).items()}

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def bounded(frames: Iterable[Frame], patience: float = 120) -> Iterator[Frame]:
    """The frames of a source that gives some all the time, for so many seconds."""
    end = time.monotonic() + patience
    for frame in frames:
        yield frame
        assert time.monotonic() < end, "too long"


def fresh(source: Iterable[Frame], count: int) -> list[Frame]:
    """The first so many frames that are new pictures."""
    return list(islice((frame for frame in bounded(source) if frame.fresh), count))


def until(frames: Iterable[Frame], condition: Callable[[Frame], object], patience: float = 120) -> Frame:
    """The first frame that is so, or after which something else is so."""
    for frame in bounded(frames, patience):
        if condition(frame):
            return frame
    raise AssertionError("the source ended")


def until_fresh_again(source: LiveSource, frames: Iterable[Frame], patience: float = 60) -> Frame:
    """Go on until pictures come again after they have stopped; the first of them."""
    return until(frames, lambda frame: frame.fresh and source.state.phase == "live", patience)


def reason_of(source: LiveSource, patience: float = 60) -> str:
    """Why the first attempt to open a source has failed; no picture may come before."""
    end = time.monotonic() + patience
    for frame in source:
        assert not frame.fresh
        if source.state.phase == "retrying":
            return source.state.reason
        assert time.monotonic() < end, source.state
    raise AssertionError("the source ended")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, width: int, height: int, fps: float, count: int) -> None:
        photograph = cv2.imread(str(Path(__file__).parents[2] / "streamcam" / "photographs" / "chelsea.jpg"))
        self.normal = pictures(width, height, count, photograph)
        self.other = pictures(height, width, min(count, 60), photograph)
        self.fps, self.fault, self.sent, self.wobble = fps, "none", {}, 0.0
        self.connections = 0
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        server, request = self.server, self.connection
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while self.rfile.readline().strip():
            pass
        server.connections += 1
        try:
            if server.fault == "slow":
                time.sleep(3)
                server.fault = "none"
            request.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=frame\r\n\r\n")
            self.stream()
        except OSError:
            pass

    def stream(self) -> None:
        server, due, number = self.server, time.perf_counter(), 0
        random = np.random.default_rng(0)
        while True:
            due += (1 + server.wobble * random.uniform(-0.9, 2)) / server.fps
            time.sleep(max(0.0, due - time.perf_counter()))
            due = max(due, time.perf_counter() - 1)
            fault, server.fault = server.fault, "none" if server.fault in ("garbage", "truncated") else server.fault
            if fault == "disconnect":
                server.fault = "none"
                return
            if fault == "freeze":
                while server.fault == "freeze":
                    time.sleep(0.05)
                return
            chosen = server.other if fault == "size" else server.normal
            number = (number + 1) % len(chosen)
            jpeg = chosen[number]
            if fault == "garbage":
                self.connection.sendall(random.bytes(50_000))
            if fault == "truncated":
                jpeg = jpeg[: len(jpeg) // 2]
            server.sent[number] = time.perf_counter()
            self.connection.sendall(_BOUNDARY % len(jpeg) + jpeg + b"\r\n")


def _main() -> None:
    parser = argparse.ArgumentParser()
    for name, kind in (("width", int), ("height", int), ("fps", float), ("port", int), ("count", int)):
        parser.add_argument(name, type=kind)
    asked = parser.parse_args()
    server = _Server(asked.port, asked.width, asked.height, asked.fps, asked.count)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        for name in ("fault", "wobble"):
            if name in order:
                setattr(server, name, order[name])
        print(json.dumps(dict(server.sent) if "sent" in order else server.connections), flush=True)


if __name__ == "__main__":
    _main()
