"""Read a camera that gives one picture a request over HTTP: ask again and again, over one connection."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.client import HTTPException

from streamcam.errors import SourceError
from streamcam.sources.live.decoding import decode, is_picture
from streamcam.sources.live.kinds.events import Event, LeftOut, Shot, wait_until
from streamcam.sources.live.kinds.http_client import HttpClient

_USUAL_RATE = 5.0  # pictures a second; more is a burden to small cameras
_MOST_BYTES = 32 << 20
_MOST_PIXELS = 64_000_000
_LONGEST_SIDE = 16_384
_DAMAGED_IN_A_ROW = 10


def snapshot_pictures(url: str, *, fps: float | None, timeout: float) -> Iterator[Event]:
    """The pictures of an address that gives a JPEG or PNG a request.

    Args:
        url: with user and password in it, where they are needed.
        fps: pictures a second to ask for; a slow camera gives fewer.
        timeout: seconds that the server may be silent.

    Raises:
        SourceError: it gives something else, or an HTTP error.
        OSError: the connection failed.
    """
    interval, damaged = 1 / (fps or _USUAL_RATE), 0
    with HttpClient(url, timeout=timeout, most_bytes=_MOST_BYTES) as client:
        due = time.perf_counter()
        while True:
            try:
                data = client.get()
            except HTTPException as error:
                raise SourceError("the server's answer is no HTTP, or broke off") from error
            arrived = time.perf_counter()
            if not is_picture(data):
                raise SourceError("it gives no JPEG or PNG any more")
            try:
                image = decode(
                    data, most_bytes=_MOST_BYTES, most_pixels=_MOST_PIXELS, longest_side=_LONGEST_SIDE, png=True
                )
                damaged = 0
                yield Shot(image, arrived)
            except SourceError:
                damaged += 1
                if damaged >= _DAMAGED_IN_A_ROW:
                    raise
                yield LeftOut()
            due = max(due + interval, time.perf_counter())
            yield from wait_until(due)
