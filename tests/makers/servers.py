"""``streamcam serve`` as a process, and viewers that connect to it without a browser."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from streamcam.protocols import Closing

TOKEN = "the-curators-own-token"


class Serving(Closing):
    """The program, listening on a free port."""

    def __init__(self, source: str, *arguments: str, port: int = 0, **environment: str) -> None:
        command = [sys.executable, "-m", "streamcam", "serve", source, "--port", str(port), *arguments]
        self.process = subprocess.Popen(
            command,
            env=os.environ | {"STREAMCAM_TOKEN": TOKEN} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        first = self.process.stdout.readline()
        found = re.match(r"page: (https?)://[^:]+:(\d+)/", first)
        if not found:
            raise AssertionError((first, *self.process.communicate()))
        self.scheme, self.port = found[1], int(found[2])
        self.url = f"{self.scheme}://localhost:{self.port}"

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        request = urllib.request.Request(self.url + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read()

    def health(self) -> dict[str, Any]:
        return json.loads(self.get("/health")[2])

    def metric(self, name: str) -> float:
        [line] = [line for line in self.get("/metrics")[2].decode().splitlines() if line.startswith(f"{name} ")]
        return float(line.split()[1])

    @contextmanager
    def connected(self, key: str = "", **options: Any) -> Iterator[Viewer]:
        """A viewer that has sent its first message."""
        with connect(f"ws://localhost:{self.port}/live", max_size=None, open_timeout=60, **options) as socket:
            yield Viewer(socket, key)

    def wait(self, condition: Any, seconds: float = 180) -> Any:
        end = time.monotonic() + seconds
        while not (result := condition()):
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < end
            time.sleep(0.1)
        return result

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


class Viewer:
    """A page's end of the connection."""

    def __init__(self, socket: ClientConnection, key: str = "") -> None:
        self.socket = socket
        with suppress(ConnectionClosed):  # which says why it was
            self.send(do="hello", key=key)

    def send(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def receive(self, name: str, seconds: float = 60) -> Any:
        """The next text that has this key; pictures on the way are acknowledged."""
        end = time.monotonic() + seconds
        while True:
            message = self.socket.recv(timeout=max(0.0, end - time.monotonic()))
            if isinstance(message, bytes):
                self.send(do="ack", id=unpack(message)[0]["id"])
            elif name in (update := json.loads(message)):
                return update[name]

    def state(self, seconds: float = 60, **expected: Any) -> dict[str, Any]:
        """The next state with these values: every page gets every change, by whomever."""
        end = time.monotonic() + seconds
        while True:
            state = self.receive("state", max(0.0, end - time.monotonic()))
            if expected.items() <= state.items():
                return state

    def picture(self, seconds: float = 60) -> tuple[dict[str, Any], bytes, bytes]:
        """The next picture, acknowledged."""
        end = time.monotonic() + seconds
        while True:
            message = self.socket.recv(timeout=max(0.0, end - time.monotonic()))
            if isinstance(message, bytes):
                header, heat, jpeg = unpack(message)
                self.send(do="ack", id=header["id"])
                return header, heat, jpeg

    def explained(self, seconds: float = 180) -> dict[str, Any]:
        """The header of the next picture that has heat."""
        end = time.monotonic() + seconds
        while "targets" not in (header := self.picture()[0]):
            assert time.monotonic() < end
        return header


def closed_with(viewer: Viewer) -> int:
    """The code with which the program closes a connection."""
    try:
        for _ in range(200):
            viewer.socket.recv(timeout=20)
    except ConnectionClosed as ended:
        return ended.rcvd.code if ended.rcvd else 1006  # no code came
    raise AssertionError("it goes on")


def unpack(message: bytes) -> tuple[dict[str, Any], bytes, bytes]:
    """Header, heat and JPEG."""
    (length,) = struct.unpack_from("<I", message)
    header = json.loads(message[4 : 4 + length])
    maps, height, width = header.get("heat", (0, 0, 0))
    end = 4 + length + maps * height * width
    return header, message[4 + length : end], message[end:]
