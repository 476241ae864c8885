"""Parse what people name as a live source: a camera, a stream, a file, the screen. Passwords are never shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from streamcam.errors import SourceError
from streamcam.sources.images import check_readable
from streamcam.system.addresses import holds_secret, redacted

Kind = Literal["camera", "device", "stream", "file", "screen"]

_SCHEMES = ("rtsp", "rtsps", "http", "https", "udp", "rtp", "tcp", "srt", "rtmp", "rtmps")
_SCREEN = re.compile(r"screen(?::(\d{1,2}|\d{2,5}x\d{2,5}\+\d{1,5}\+\d{1,5}))?")
# Everything a network stream may use: no "file", "pipe", "concat" or "data", so that a playlist opens nothing local.
PROTOCOLS = "http,https,httpproxy,tcp,tls,udp,udplite,rtp,srtp,rtsp,srt,rtmp,rtmps,rtmpt,crypto"


@dataclass(frozen=True, slots=True)
class Address:
    """Where live pictures come from.

    Attributes:
        kind: a camera by number, a camera by its device path, a network stream, a file played in real time, or what is
            on the screen.
        where: the number, path or URL, as it was given. It may hold a password: show ``name`` instead. Of a screen its
            number, a region such as ``640x480+100+50``, or nothing for the first.
        name: what may be shown: without user, password and query of a URL.
    """

    kind: Kind
    where: str
    name: str


def parse_address(given: str | int | Path) -> Address:
    """The address of a camera by its number or device path, of a stream by its URL, of a screen, or of a file.

    ``screen`` is the first screen, ``screen:2`` another, ``screen:640x480+100+50`` a region of all of them together. A
    file that is called like that is ``./screen``.

    Raises:
        SourceError: it is none of them, or the file is missing.
    """
    text = str(given)
    if isinstance(given, str) and (found := _SCREEN.fullmatch(text)):
        return Address("screen", found[1] or "", text)
    if re.fullmatch(r"\d{1,3}", text):
        return Address("camera", text, f"camera {text}")
    if "://" in text:
        scheme = text.split("://", 1)[0].lower()
        if scheme not in _SCHEMES:
            raise SourceError(
                f"{redacted(text)}: no such kind of stream; "
                f"use {', '.join(_SCHEMES)}, a camera's number, 'screen', or a file's path"
            )
        name = redacted(text)
        if name.endswith("://…"):
            raise SourceError(
                f"{name}: cannot be read as an address; write host and port as in {scheme}://camera.local:554/"
            )
        return Address("stream", text, name)
    if text.startswith("/dev/") or Path(text).is_char_device():
        return Address("device", text, text)
    if holds_secret(text) and not Path(text).exists():
        raise SourceError(f"{redacted(text)}: is no file; a stream's address begins with its kind, such as rtsp://")
    check_readable(Path(text))
    return Address("file", text, text)
