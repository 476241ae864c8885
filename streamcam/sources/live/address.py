"""Parse what people name as a live source: a camera's number, a device, a URL or a file. Passwords are never shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from streamcam.errors import SourceError
from streamcam.sources.images import check_readable
from streamcam.system.addresses import redacted

Kind = Literal["camera", "device", "stream", "file"]

_SCHEMES = ("rtsp", "rtsps", "http", "https", "udp", "rtp", "tcp", "srt", "rtmp", "rtmps")
# Everything a network stream may use: no "file", "pipe", "concat" or "data", so that a playlist opens nothing local.
PROTOCOLS = "http,https,httpproxy,tcp,tls,udp,udplite,rtp,srtp,rtsp,srt,rtmp,rtmps,rtmpt,crypto"


@dataclass(frozen=True, slots=True)
class Address:
    """Where live pictures come from.

    Attributes:
        kind: a camera by number, a camera by its device path, a network stream, or a file played in real time.
        where: the number, path or URL, as it was given. It may hold a password: show ``name`` instead.
        name: what may be shown: without user, password and query of a URL.
    """

    kind: Kind
    where: str
    name: str


def parse_address(given: str | int | Path) -> Address:
    """The address of a camera by its number or device path, of a stream by its URL, or of a file.

    Raises:
        SourceError: it is none of them, or the file is missing.
    """
    text = str(given)
    if re.fullmatch(r"\d{1,3}", text):
        return Address("camera", text, f"camera {text}")
    if "://" in text:
        scheme = text.split("://", 1)[0].lower()
        if scheme not in _SCHEMES:
            raise SourceError(
                f"{redacted(text)}: no such kind of stream; use {', '.join(_SCHEMES)}, a camera's number, or a file's path"
            )
        return Address("stream", text, redacted(text))
    if text.startswith("/dev/") or Path(text).is_char_device():
        return Address("device", text, text)
    check_readable(Path(text))
    return Address("file", text, text)
