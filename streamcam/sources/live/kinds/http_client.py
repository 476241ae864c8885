"""Fetch one small thing again and again over HTTP: one kept connection, a password in the URL, limits on all that comes."""

from __future__ import annotations

import ssl
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from streamcam.errors import SourceError
from streamcam.protocols import Closing
from streamcam.sources.live.kinds.http_auth import Login
from streamcam.sources.live.reasons import status_in_words

_REDIRECTS = 5
_MOVED = (301, 302, 303, 307, 308)
_SAFE = "%/:=&?~#+!$,;'@()*[]|"  # what may stand in a path and query as it is


class HttpClient(Closing):
    """Gets what is at a URL.

    Other addresses that the server sends on to must be http or https, and are told the password only where they are the
    same host's, and no less safe.

    Args:
        url: http or https, with user and password in it, where they are needed.
        timeout: seconds that the server may be silent.
        most_bytes: of an answer.
        verified: whether an https server must prove who it is. Cameras sign their own certificates: as with streams, which
            FFmpeg reads, none is asked of them.
    """

    def __init__(self, url: str, *, timeout: float, most_bytes: int, verified: bool = False) -> None:
        self._home = self._at = urlsplit(url)
        self._timeout, self._most_bytes, self._verified = timeout, most_bytes, verified
        self._connection: HTTPConnection | None = None
        user, password = self._home.username, self._home.password or ""
        self._login = None if user is None else Login(unquote(user), unquote(password))

    def get(self) -> bytes:
        """The body of the answer.

        Raises:
            SourceError: an HTTP error, too many bytes, or a redirection that is not followed.
            OSError: the connection failed.
        """
        asked_for_password = False
        self._turn_to(self._home)
        for _ in range(_REDIRECTS + 2):
            answer = self._answer()
            offers = answer.headers.get_all("WWW-Authenticate") or []
            if answer.status == 401 and not asked_for_password and self._login and self._is_home:
                asked_for_password = True
                self._finish(answer)
                if not self._login.take(offers):
                    raise SourceError("the server asks for a password in a way that is unknown here (401)")
            elif answer.status in _MOVED and (place := answer.getheader("Location")):
                self._finish(answer)
                self._go_to(place)
            elif answer.status == 200:
                return self._finish(answer)
            else:
                self.close()
                if self._login:
                    self._login.forget()
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
            context = ssl.create_default_context() if self._verified else ssl._create_unverified_context()
            return HTTPSConnection(host, port, timeout=self._timeout, context=context)
        return HTTPConnection(host, port, timeout=self._timeout)

    def _asked(self, connection: HTTPConnection) -> HTTPResponse:
        headers = {"User-Agent": "streamcam", "Accept": "image/jpeg, image/png, */*;q=0.5", "Cache-Control": "no-cache"}
        target = _target(self._at)
        if self._login and self._is_home and (authorization := self._login.header("GET", target)):
            headers["Authorization"] = authorization
        connection.request("GET", target, headers=headers)
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
        self._turn_to(there)

    def _turn_to(self, there: SplitResult) -> None:
        """Ask there from now on, over another connection if it is another server."""
        if (there.scheme, there.hostname, there.port) != (self._at.scheme, self._at.hostname, self._at.port):
            self.close()
        self._at = there

    @property
    def _is_home(self) -> bool:
        """Whether the server asked now is the one that the password is for."""
        home, at = self._home, self._at
        return at.hostname == home.hostname and (at.scheme, at.port) in ((home.scheme, home.port), ("https", None))

    def close(self) -> None:
        """End the connection; the next ``get`` opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _target(url: SplitResult) -> str:
    """What is asked for: path and query, in letters that HTTP has."""
    return quote((url.path or "/") + (f"?{url.query}" if url.query else ""), safe=_SAFE)
