"""URLs as they may be shown: without what is secret."""

from __future__ import annotations

import re
from urllib.parse import urlsplit


def redacted(url: str, *, names_hold_at: bool = False) -> str:
    """An address without what may be secret: user, password, query and fragment, as people write them.

    A password may hold ``/``, ``?``, ``#`` and ``@`` as they are, so that everything before the last ``@`` may be part of it.

    Args:
        url: with a scheme or without one.
        names_hold_at: whether ``@`` is no sign of a password behind the host, as in the names of stored files.
    """
    scheme, mark, rest = url.partition("://")
    if not mark:
        scheme, rest = "", url
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*|", scheme):
        return "…"
    if names_hold_at:
        host, slash, path = rest.partition("/")
        rest = host.rpartition("@")[2] + slash + path
    else:
        rest = rest.rpartition("@")[2]
    rest = re.split("[?#]", rest, maxsplit=1)[0]
    try:
        urlsplit(f"{scheme}://{rest}")
    except ValueError:  # what cannot be read is not shown
        rest = "…"
    return f"{scheme.lower()}{mark}{rest}"


def holds_secret(text: str) -> bool:
    """Whether an address without a scheme looks like ``user:password@host``."""
    return re.match(r"[^/\\]+:.*@.", text) is not None
