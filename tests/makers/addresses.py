"""An HTTP server on loopback, whose answers a test writes itself."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Headers = Mapping[str, str]
# Path and headers of a request -> status, headers, body; or None after it has written to the handler itself.
Answer = Callable[[Any], tuple[int, dict[str, str], bytes] | None]


@dataclass
class Address:
    """What was asked of the server.

    Attributes:
        url: where it is, without a path.
        paths: what was asked for, in order.
        headers: of each request.
        connections: how many were opened.
    """

    url: str = ""
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    connections: int = 0

    def with_user(self, user: str, password: str) -> str:
        return self.url.replace("http://", f"http://{user}:{password}@")


@contextmanager
def serving(answer: Answer) -> Iterator[Address]:
    """Run the server; ``answer`` is called with the handler of each request."""
    address = Address()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 20

        def setup(self) -> None:
            super().setup()
            address.connections += 1

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            address.paths.append(self.path)
            address.headers.append(dict(self.headers))
            given = answer(self)
            if given is None:
                self.close_connection = True
                return
            status, headers, body = given
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:  # the other side has left
                self.close_connection = True

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    address.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
