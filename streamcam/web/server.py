"""The program that listens: uvicorn in a thread, beside the session."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
import ssl
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from streamcam.errors import OptionError, SinkError
from streamcam.sources.live.browser import MAX_BYTES
from streamcam.web.messages import MAX_TEXT
from streamcam.web.systemd import WATCHDOG_SECONDS, notify
from streamcam.web.viewer import Show

_ROUND = 0.25  # seconds between looks at the clock and the state
_SPARE_CONNECTIONS = 50  # besides the viewers: pages being loaded, health checks
_SILENCE = 10.0  # seconds for a connection to ask for something
_GONE = 30  # seconds after which a peer that acknowledges nothing is given up

_log = logging.getLogger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        SinkError: the port is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_REUSEADDR") and not hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _notice_who_left(listening)
        listening.bind((host, port))
        listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise SinkError(f"{host}:{port}: cannot listen there ({reason}); choose another --port or --host") from error
    return listening


def _notice_who_left(listening: socket.socket) -> None:
    """A phone that leaves the network says nothing. Accepted connections inherit this, where the system does that."""
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {"TCP_KEEPIDLE": _GONE, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 1000 * _GONE}
    for name, value in options.items():
        if hasattr(socket, name):
            listening.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def is_local(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_certificate(certfile: Path, keyfile: Path | None) -> None:
    """Raise ``OptionError`` where TLS could not work."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certfile, keyfile)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or error
        raise OptionError(
            f"{certfile}: cannot be used as a certificate ({reason}); give a PEM file, and its key with --keyfile"
        ) from error


class _Punctual(H11Protocol):
    """Ends connections that ask for nothing, which browsers open just in case."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(_SILENCE, self._look)

    def _look(self) -> None:
        if self.scope is None:
            self.transport.abort()


class Server:
    """Serves an application in a thread of its own, and looks at the clock meanwhile.

    Args:
        app: the application.
        show: whose state is announced, and whose frames feed systemd's watchdog.
        listening: from ``listen``.
        certfile: for TLS, or None.
        keyfile: of the certificate, where it is not in the same file.
        most_viewers: for which there is place.
    """

    def __init__(
        self,
        app: Starlette,
        show: Show,
        listening: socket.socket,
        *,
        most_viewers: int,
        certfile: Path | None = None,
        keyfile: Path | None = None,
    ) -> None:
        self._show, self._listening = show, listening
        config = uvicorn.Config(
            app,
            ws="websockets-sansio",
            ws_max_size=MAX_BYTES if show.feed else MAX_TEXT,
            ws_per_message_deflate=False,
            http=_Punctual,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=most_viewers + _SPARE_CONNECTIONS,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=1,
            ssl_certfile=certfile,
            ssl_keyfile=keyfile,
        )
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="streamcam-web", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listening.getsockname()[1])

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        rounds = asyncio.create_task(self._rounds())
        try:
            await self._server.serve(sockets=[self._listening])
        finally:
            rounds.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await rounds

    async def _rounds(self) -> None:
        """Resets what nobody touches, tells pages what changed, feeds the watchdog; in the loop that serves, so that a
        loop which hangs feeds nothing.
        """
        fed = 0.0
        while True:
            await asyncio.sleep(_ROUND)
            self._show.stage.look_at_the_clock()
            if self._show.has_changed:
                self._show.announce()
            if time.monotonic() - fed > WATCHDOG_SECONDS / 4 and self._show.is_going_on:
                fed = time.monotonic()
                notify("WATCHDOG=1")

    def __enter__(self) -> Self:
        self._thread.start()
        end = time.monotonic() + 10
        while not self._server.started and self._thread.is_alive() and time.monotonic() < end:
            time.sleep(0.01)
        if not self._server.started:
            raise SinkError("the page could not be started")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._listening.close()
