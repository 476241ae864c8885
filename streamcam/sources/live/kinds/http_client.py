"""Fetch one small thing again and again over HTTP: one kept connection, a password in the URL, limits on all that comes."""

from __future__ import annotations

import base64
import ssl
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import SplitResult, unquote, urljoin, urlsplit
from urllib.request import HTTPDigestAuthHandler, HTTPPasswordMgr, Request, parse_http_list, parse_keqv_list

from streamcam.errors import SourceError
from streamcam.protocols import Closing
from streamcam.sources.live.reasons import status_in_words

_REDIRECTS = 5
_MOVED = (301, 302, 303, 307, 308)


class HttpClient(Closing):
    """Gets what is at a URL.

    Other addresses that the server sends on to must be http or https, and are told the password only where they are the
    same host's, and no less safe.

    Args:
        url: http or https, with user and password in it, where they are needed.
        timeout: seconds that the server may be silent.
        most_bytes: of an answer.
    """

    def __init__(self, url: str, *, timeout: float, most_bytes: int) -> None:
        self._home = self._at = urlsplit(url)
        self._timeout, self._most_bytes = timeout, most_bytes
        self._connection: HTTPConnection | None = None
        self._challenge: tuple[str, str] | None = None
        self._digest: HTTPDigestAuthHandler | None = None

    def get(self) -> bytes:
        """The body of the answer.

        Raises:
            SourceError: an HTTP error, too many bytes, or a redirection that is not followed.
            OSError: the connection failed.
        """
        asked_for_password = False
        for _ in range(_REDIRECTS + 2):
            answer = self._answer()
            if answer.status == 401 and not asked_for_password and self._can_answer(answer):
                asked_for_password = True
                self._finish(answer)
            elif answer.status in _MOVED and (place := answer.getheader("Location")):
                self._finish(answer)
                self._go_to(place)
            elif answer.status == 200:
                return self._finish(answer)
            else:
                self._challenge = None
                self.close()
                raise SourceError(status_in_words(answer.status))
        raise SourceError("the server sends on without end")

    def _answer(self) -> HTTPResponse:
        """The head of the next answer. A kept connection may have been closed meanwhile: then over another one."""
        if self._connection is not None:
            try:
                return self._asked(self._connection)
            except (HTTPException, OSError):
                self.close()
        self._connection = self._connected()
        return self._asked(self._connection)

    def _connected(self) -> HTTPConnection:
        host, port = self._at.hostname or "", self._at.port
        if self._at.scheme.lower() == "https":
            # Cameras sign their own certificates. As with streams, which FFmpeg reads, none is asked for.
            context = ssl._create_unverified_context()
            return HTTPSConnection(host, port, timeout=self._timeout, context=context)
        return HTTPConnection(host, port, timeout=self._timeout)

    def _asked(self, connection: HTTPConnection) -> HTTPResponse:
        headers = {"User-Agent": "streamcam", "Accept": "image/jpeg, image/png, */*;q=0.5", "Cache-Control": "no-cache"}
        if (authorization := self._authorization()) is not None:
            headers["Authorization"] = authorization
        connection.request("GET", _target(self._at), headers=headers)
        return connection.getresponse()

    def _finish(self, answer: HTTPResponse) -> bytes:
        """The whole body; the connection is kept where the server keeps it."""
        data = answer.read(self._most_bytes + 1)
        if len(data) > self._most_bytes:
            self.close()
            raise SourceError(f"the answer is larger than {self._most_bytes >> 20} MB")
        if answer.length:  # of what was announced, so much has not come
            self.close()
            raise OSError("the connection broke")
        if answer.will_close:
            self.close()
        return data

    def _go_to(self, place: str) -> None:
        there = urlsplit(urljoin(self._at.geturl(), place))
        if there.scheme.lower() not in ("http", "https") or not there.hostname:
            raise SourceError(f"the server sends on to {there.scheme or 'nothing'}:, which is not followed")
        if (there.scheme, there.hostname, there.port) != (self._at.scheme, self._at.hostname, self._at.port):
            self.close()
        self._at, self._challenge = there, None

    @property
    def _is_home(self) -> bool:
        """Whether the server asked now is the one that the password is for."""
        home, at = self._home, self._at
        return at.hostname == home.hostname and (at.scheme, at.port) in ((home.scheme, home.port), ("https", None))

    def _can_answer(self, answer: HTTPResponse) -> bool:
        """Whether there is a password for what is asked; the better way of those offered is taken from now on."""
        offers = answer.headers.get_all("WWW-Authenticate") or []
        offered = {offer.partition(" ")[0].lower(): offer.partition(" ")[2] for offer in offers}
        if self._home.username is None or not self._is_home:
            return False
        for kind in ("digest", "basic"):
            if kind in offered:
                self._challenge = kind, offered[kind]
                return True
        return False

    def _authorization(self) -> str | None:
        if self._challenge is None or not self._is_home:
            return None
        kind, details = self._challenge
        user, password = unquote(self._home.username or ""), unquote(self._home.password or "")
        if kind == "basic":
            return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        if self._digest is None:
            self._digest = HTTPDigestAuthHandler(_OnePassword(user, password))
        pairs = parse_keqv_list(parse_http_list(details))
        request = Request(f"http://{self._at.hostname}{_target(self._at)}")
        try:
            given = self._digest.get_authorization(request, pairs)
        except (ValueError, KeyError):
            given = None
        if not given:
            raise SourceError("the server asks for a password in a way that is unknown here")
        return f"Digest {given}"


class _OnePassword(HTTPPasswordMgr):
    """The same for all realms."""

    def __init__(self, user: str, password: str) -> None:
        super().__init__()
        self._known = user, password

    def find_user_password(self, realm: str, authuri: str) -> tuple[str | None, str | None]:
        return self._known


def _target(url: SplitResult) -> str:
    """What is asked for: path and query."""
    return (url.path or "/") + (f"?{url.query}" if url.query else "")
