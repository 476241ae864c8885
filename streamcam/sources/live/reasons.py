"""Say in a few words why a live source gives no picture: the cause, and where it helps, the remedy. Nothing secret."""

from __future__ import annotations

import errno
import socket
from pathlib import Path
from urllib.parse import urlsplit

from streamcam.errors import SourceError
from streamcam.sources.live.address import Address

_LONGEST = 240  # characters

_BY_STATUS = {
    400: "the address is refused as malformed (400)",
    401: "a user and a password are asked for, or these are wrong (401); write them into the address: //user:password@",
    403: "access is refused (403)",
    404: "there is nothing at this address (404); check its path",
    429: "too many requests, says the server (429)",
}
_BY_CLASS = {
    "HTTPBadRequestError": 400,
    "HTTPUnauthorizedError": 401,
    "HTTPForbiddenError": 403,
    "HTTPNotFoundError": 404,
    "HTTPTooManyRequestsError": 429,
}
_IN_WORDS = {
    "HTTPOtherClientError": "the server refuses the request (4xx)",
    "HTTPServerError": "the server has failed (5xx)",
    "HTTPRedirectError": "the server sends on to nowhere",
    "InvalidDataError": "it is no video or picture that can be read; check the address",
    "StreamNotFoundError": "it has no picture in it",
    "DemuxerNotFoundError": "it is of a kind that cannot be read",
    "DecoderNotFoundError": "its pictures are of a codec that cannot be decoded",
    "EOFError": "it ended before a picture came",
    "ExitError": "it does not answer",
}
_BY_NUMBER = {
    errno.ECONNREFUSED: "the connection was refused; is it switched on, and is the port right?",
    errno.ECONNRESET: "the connection broke",
    errno.EPIPE: "the connection broke",
    errno.ETIMEDOUT: "it does not answer",
    errno.EHOSTUNREACH: "its network cannot be reached",
    errno.ENETUNREACH: "its network cannot be reached",
    errno.EACCES: "it is not permitted",
    errno.EADDRINUSE: "the port is in use by another program",
    errno.ENOENT: "it is not there",
}


def in_words(error: Exception, address: Address) -> str:
    """Why reading failed."""
    name = type(error).__name__
    number = getattr(error, "errno", None)
    if isinstance(error, SourceError):
        text = str(error)
        for named in (address.where, str(Path(address.where))):  # whoever tells it names the source
            text = text.removeprefix(f"{named}: ")
    elif name in _BY_CLASS:
        text = status_in_words(_BY_CLASS[name])
    elif name == "ProtocolNotFoundError":
        text = f"streams of the kind {urlsplit(address.where).scheme}:// cannot be read by this FFmpeg"
    elif number == errno.EIO and address.kind == "stream":
        text = "the connection broke" if is_known_host(address.where) else "there is no host of this name"
    else:
        text = _IN_WORDS.get(name) or _BY_NUMBER.get(number or 0) or getattr(error, "strerror", None) or name
    return " ".join(text.split())[:_LONGEST]


def status_in_words(status: int) -> str:
    """Why there is no picture, by the status of an HTTP answer."""
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return f"the server {'has failed' if status >= 500 else 'refuses the request'} ({status})"


def is_known_host(url: str) -> bool:
    """Whether the host of a URL has an address: FFmpeg does not tell that from a connection that broke."""
    try:
        host = urlsplit(url).hostname
        if host:
            socket.getaddrinfo(host, None)
    except (OSError, ValueError):
        return False
    return True
