"""Decides who may do what: by keys, and by the names that a request uses; and adds headers that keep browsers safe."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
import socket
from collections.abc import Iterable

import psutil
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamcam.errors import OptionError
from streamcam.web.messages import Role

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "media-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
_SHORTEST_TOKEN = 12
_LOCAL = ("localhost", "127.0.0.1", "::1")
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([0-9a-z._-]+))(?::([0-9]{1,5}))?", re.ASCII)


class AccessKeys:
    """The staff's key, and the key of a screen that visitors touch, which is derived from it.

    Args:
        token: the staff's key; a new random one if None.
        open_to_visitors: whether no key is needed to choose what is explained: where only this machine can reach the
            page.
        open_to_viewers: whether no key is needed to look.

    Attributes:
        staff: the staff's key.
        screen: the visitors' key.

    Raises:
        OptionError: the token is too short.
    """

    def __init__(self, token: str | None, *, open_to_visitors: bool, open_to_viewers: bool = True) -> None:
        if token is not None and len(token) < _SHORTEST_TOKEN:
            raise OptionError(f"token: must have at least {_SHORTEST_TOKEN} characters, or anybody can guess it")
        self.staff = token or secrets.token_urlsafe(18)
        self.screen = hmac.new(self.staff.encode(), b"screen", hashlib.sha256).hexdigest()[:24]
        self._open, self._open_to_viewers = open_to_visitors, open_to_viewers

    def role(self, given: str) -> Role | None:
        """The role of whoever has this key, None for a wrong one. Takes the same time whatever is given."""
        key = given.encode(errors="replace")
        is_staff = hmac.compare_digest(key, self.staff.encode())
        is_screen = hmac.compare_digest(key, self.screen.encode())
        if is_staff:
            return "staff"
        if is_screen or (not key and self._open):
            return "visitor"
        return "viewer" if not key and self._open_to_viewers else None


class AccessMiddleware:
    """Refuses requests under foreign host names or from foreign pages, and adds headers to the answers.

    A page of another site can make a browser call this program, by a name that leads here (DNS rebinding) or with an
    ``Origin`` of its own. Names that are allowed: ``localhost``, this machine's names and addresses where it listens
    to others, and what ``hosts`` adds.

    Args:
        app: gets what is not refused.
        hosts: further names.
        local_only: whether only this machine can reach the page.
    """

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str], local_only: bool) -> None:
        self._app = app
        self._hosts = {*_LOCAL, *(host.lower() for host in hosts)}
        self._local_only = local_only
        if not local_only:
            name = socket.gethostname().lower()
            self._hosts |= {name, f"{name}.local", socket.getfqdn().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        reason = self._refusal(Headers(scope=scope), secure=scope["scheme"] in ("https", "wss"))
        if reason is None:
            await self._app(scope, receive, _with_headers(send) if scope["type"] == "http" else send)
        elif scope["type"] == "http":
            await PlainTextResponse(reason, status_code=403)(scope, receive, _with_headers(send))
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": reason})

    def _refusal(self, headers: Headers, *, secure: bool) -> str | None:
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        usual = 443 if secure else 80
        asked = parse_host(hosts[0], usual) if len(hosts) == 1 else None
        if asked is None or not self._is_ours(asked[0]):
            return "This name is not served here. Use localhost, or allow the name with --allow-host."
        scheme = "https://" if secure else "http://"
        for origin in origins:
            own = origin.lower().startswith(scheme) and parse_host(origin[len(scheme) :], usual) == asked
            if not own or len(origins) > 1:
                return "Pages of other sites may not use this one."
        return None

    def _is_ours(self, host: str) -> bool:
        if host in self._hosts:
            return True
        if self._local_only:
            return False
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(one.address.split("%")[0] == host for many in psutil.net_if_addrs().values() for one in many)


def parse_host(text: str, usual_port: int) -> tuple[str, int] | None:
    """Name and port of a ``Host`` header (RFC 9110, 7.2), in lower case; None of what is none."""
    match = _HOST.fullmatch(text.lower())
    if match is None:
        return None
    bracketed, name, digits = match.groups()
    port = int(digits) if digits else usual_port
    return (bracketed or name.removesuffix("."), port) if 0 < port < 65536 else None


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return wrapped
