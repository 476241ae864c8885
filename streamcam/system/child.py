"""Child processes that talk with their parent in JSON, one message a line, and never outlive it.

The parent starts a module with ``ChildProcess``; the module's ``main`` begins with ``serve_parent``. Messages are dicts or
frozen dataclasses, see ``system.wire``. When either end is gone, its pipe closes, and the other end notices.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from streamcam.system.wire import to_json


class ChildProcess:
    """A Python module that runs as a process of its own. Ctrl-C does not reach it: its parent decides when it ends.

    The current folder is not on its module path: a file there that is called like a library is never run.

    Args:
        module: name of the module, as after ``python -m``.
        arguments: of its command line.
        heard: called with each message of the child, in a thread of its own.
        ended: called once after the last message, when the child is gone, in the same thread.
        environment: variables to set besides those of this process.
        inherited: file descriptors that the child inherits, on POSIX.
    """

    def __init__(
        self,
        module: str,
        *arguments: str,
        heard: Callable[[dict[str, Any]], object] = lambda message: None,
        ended: Callable[[], object] = lambda: None,
        environment: Mapping[str, str] | None = None,
        inherited: Sequence[int] = (),
    ) -> None:
        self._process = process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("STREAMCAM_DEBUG") else subprocess.DEVNULL,
            bufsize=0,
            pass_fds=tuple(inherited),
            env=isolated(os.environ) | dict(environment or {}),
        )
        self._listener = threading.Thread(
            target=_listen, args=(process.stdout, heard, ended), name=f"streamcam-hears-{module}", daemon=True
        )
        self._listener.start()

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended yet."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """What it ended with; None while it runs."""
        return self._process.poll()

    def send(self, message: Any) -> None:
        """Send a message. One that the child does not live to read is lost: ``ended`` tells that it is gone."""
        assert self._process.stdin
        with contextlib.suppress(OSError):
            self._process.stdin.write(to_json(message).encode() + b"\n")

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for its end, at most so long; whether it has ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return not self.is_running

    def kill(self) -> None:
        """End it at once, whatever it is doing; ``ended`` is called soon after."""
        self._process.kill()

    def close(self) -> None:
        """End it at once, and wait until it is gone and all that it said was heard. Not from ``heard`` or ``ended``."""
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()


def isolated(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables with which Python, and what it starts in turn, takes no modules from the current folder.

    An entry of ``PYTHONPATH`` that is empty, as ``$PYTHONPATH:/lib`` easily has one, means the current folder, too.
    """
    found = {name: value for name, value in environment.items() if name != "PYTHONPATH"} | {"PYTHONSAFEPATH": "1"}
    folders = [folder for folder in environment.get("PYTHONPATH", "").split(os.pathsep) if folder]
    return found | ({"PYTHONPATH": os.pathsep.join(folders)} if folders else {})


def _listen(pipe: Any, heard: Callable[[dict[str, Any]], object], ended: Callable[[], object]) -> None:
    for message in _messages(pipe.fileno()):
        heard(message)
    ended()


def _messages(descriptor: int) -> Iterator[Any]:
    """The messages that come through a pipe until its other end closes; what a library printed is left out.

    Without Python's buffers, whose locks a thread that waits here would hold while the program ends.
    """
    rest = b""
    while data := os.read(descriptor, 1 << 16):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            try:
                message = json.loads(line)
            except ValueError:
                continue
            yield message


def serve_parent(received: Callable[[Any], object]) -> Callable[[Any], None]:
    """Let this process be a child: take messages from its parent, and end at once when that is gone.

    What libraries print goes to stderr, so that it is not taken for a message.

    Args:
        received: called with each message of the parent, in a thread of its own.

    Returns:
        A function that sends a message to the parent, from any thread.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sending = threading.Lock()

    def send(message: Any) -> None:
        try:
            with sending:
                output.write(to_json(message).encode() + b"\n")
                output.flush()
        except OSError:
            os._exit(1)

    def listen() -> None:
        for message in _messages(0):
            received(message)
        os._exit(1)  # not by an exception: a read of a camera may hang, and another process may begin the same task

    threading.Thread(target=listen, name="streamcam-hears-parent", daemon=True).start()
    return send
