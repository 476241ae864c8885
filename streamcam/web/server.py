"""Listens for viewers: runs the web application with uvicorn, in a thread beside the session."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import uvicorn
from starlette.applications import Starlette

from streamcam.errors import OptionError, SinkError
from streamcam.protocols import Closing
from streamcam.sources.live.browser import MAX_BYTES
from streamcam.web.booths import Booths
from streamcam.web.doors import guarded_protocol
from streamcam.web.live_page import LivePage
from streamcam.web.messages import MAX_TEXT
from streamcam.web.systemd import WATCHDOG_SECONDS, notify

_INTERVAL = 0.25  # seconds between checks of the clock and the state
_PEER_TIMEOUT = 30  # seconds after which a peer that acknowledges nothing is given up


def listen(host: str, port: int) -> socket.socket:
    """Open a socket that listens at this address; port 0 for any free one.

    Raises:
        SinkError: the port is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_REUSEADDR") and not hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _detect_lost_peers(listening)
        listening.bind((host, port))
        listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise SinkError(f"{host}:{port}: cannot listen there ({reason}); choose another --port or --host") from error
    return listening


def _detect_lost_peers(listening: socket.socket) -> None:
    """Let the system close connections to phones that left the network without a word.

    Accepted connections inherit this, where the system does that.
    """
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {
        "TCP_KEEPIDLE": _PEER_TIMEOUT,
        "TCP_KEEPINTVL": 10,
        "TCP_KEEPCNT": 3,
        "TCP_USER_TIMEOUT": 1000 * _PEER_TIMEOUT,
    }
    for name, value in options.items():
        if hasattr(socket, name):
            listening.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def check_certificate(certfile: Path, keyfile: Path | None) -> None:
    """Raise ``OptionError`` where TLS could not work."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certfile, keyfile)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or error
        raise OptionError(
            f"{certfile}: cannot be used as a certificate ({reason}); give a PEM file, and its key with --keyfile"
        ) from error


class Server(Closing):
    """Serves the application in a thread of its own, and meanwhile announces each change of the page's state.

    Used in a ``with``: it listens inside.

    Args:
        app: the application.
        page: whose state is announced, and whose health systemd's watchdog hears of.
        booths: where visitors show their own cameras, or None.
        listening: from ``listen``.
        certfile: for TLS, or None.
        keyfile: of the certificate, where it is not in the same file.
        proxies: addresses whose word on who asks, and by which scheme, is taken.
    """

    def __init__(
        self,
        app: Starlette,
        page: LivePage,
        listening: socket.socket,
        *,
        booths: Booths | None = None,
        proxies: Sequence[str] = (),
        certfile: Path | None = None,
        keyfile: Path | None = None,
    ) -> None:
        self._page, self._booths, self._listening = page, booths, listening
        config = uvicorn.Config(
            app,
            ws="websockets-sansio",
            ws_max_size=MAX_BYTES if booths else MAX_TEXT,
            ws_per_message_deflate=False,
            http=guarded_protocol(page.doors),
            proxy_headers=bool(proxies),
            forwarded_allow_ips=list(proxies),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=1,
            ssl_certfile=certfile,
            ssl_keyfile=keyfile,
        )
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="streamcam-web", daemon=True)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        housekeeping = asyncio.create_task(self._keep_house())
        try:
            await self._server.serve(sockets=[self._listening])
        finally:
            housekeeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await housekeeping

    async def _keep_house(self) -> None:
        """Reset what nobody touches, announce changes, notify the watchdog.

        In the loop that serves: a loop that hangs notifies nobody, and systemd starts the program again.
        """
        notified = 0.0
        while True:
            await asyncio.sleep(_INTERVAL)
            self._page.look()
            self._page.state.reset_when_idle()
            if self._booths:
                self._booths.keep_house()
            if self._page.has_changed:
                self._page.announce()
            if time.monotonic() - notified > WATCHDOG_SECONDS / 4 and self._page.is_healthy:
                notified = time.monotonic()
                notify("WATCHDOG=1")

    def __enter__(self) -> Self:
        self._thread.start()
        end = time.monotonic() + 10
        while not self._server.started and self._thread.is_alive() and time.monotonic() < end:
            time.sleep(0.01)
        if not self._server.started:
            raise SinkError("the page could not be started")
        return self

    def close(self) -> None:
        """End the connections and the thread."""
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._listening.close()
