"""Answer an HTTP server that asks for a password: Basic (RFC 7617) and Digest (RFC 7616)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence
from urllib.request import parse_http_list, parse_keqv_list

_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


class Login:
    """One user's answers. A challenge once taken holds for all later requests.

    Args:
        user: of the server.
        password: the user's.
    """

    def __init__(self, user: str, password: str) -> None:
        self._user, self._password = user, password
        self._kind = ""
        self._challenge: dict[str, str] = {}
        self._count = 0

    def take(self, offers: Sequence[str]) -> bool:
        """Choose the best of the challenges in ``WWW-Authenticate`` headers; whether one is known."""
        self._kind = ""
        for offer in offers:
            kind, _, details = offer.strip().partition(" ")
            if kind.lower() == "digest":
                pairs = parse_keqv_list([pair for pair in parse_http_list(details) if "=" in pair])
                challenge = {name.lower(): value for name, value in pairs.items()}
                if _algorithm(challenge) in _HASHES and "nonce" in challenge and _qop(challenge) in ("", "auth"):
                    self._kind, self._challenge, self._count = "digest", challenge, 0
                    return True
            elif kind.lower() == "basic":
                self._kind = "basic"
        return bool(self._kind)

    def forget(self) -> None:
        """No challenge was taken."""
        self._kind = ""

    def header(self, method: str, target: str) -> str | None:
        """What to send as ``Authorization`` with a request, or None before a challenge was taken."""
        if self._kind == "basic":
            return "Basic " + base64.b64encode(f"{self._user}:{self._password}".encode()).decode()
        return self._digest(method, target) if self._kind == "digest" else None

    def _digest(self, method: str, target: str) -> str:
        challenge = self._challenge
        hash_name = _HASHES[_algorithm(challenge)]

        def digest(*parts: str) -> str:
            return hashlib.new(hash_name, ":".join(parts).encode(), usedforsecurity=False).hexdigest()

        self._count += 1
        count, own, nonce = f"{self._count:08x}", secrets.token_hex(8), challenge["nonce"]
        secret = digest(self._user, challenge.get("realm", ""), self._password)
        if challenge.get("algorithm", "").lower().endswith("-sess"):
            secret = digest(secret, nonce, own)
        fields = {
            "username": _quoted(self._user),
            "realm": _quoted(challenge.get("realm", "")),
            "nonce": _quoted(nonce),
            "uri": _quoted(target),
        }
        if _qop(challenge):
            fields["response"] = _quoted(digest(secret, nonce, count, own, "auth", digest(method, target)))
            fields |= {"qop": "auth", "nc": count, "cnonce": _quoted(own)}
        else:
            fields["response"] = _quoted(digest(secret, nonce, digest(method, target)))
        if "algorithm" in challenge:
            fields["algorithm"] = challenge["algorithm"]
        if "opaque" in challenge:
            fields["opaque"] = _quoted(challenge["opaque"])
        return "Digest " + ", ".join(f"{name}={value}" for name, value in fields.items())


def _algorithm(challenge: dict[str, str]) -> str:
    return challenge.get("algorithm", "MD5").upper().removesuffix("-SESS")


def _qop(challenge: dict[str, str]) -> str:
    """``auth`` where it is offered, what else there is, or nothing for servers of old."""
    offered = [way.strip() for way in challenge.get("qop", "").split(",")]
    return "auth" if "auth" in offered else offered[0]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
