"""Takes pictures from visitors' own cameras, of one visitor at a time."""

from __future__ import annotations

import asyncio
import time

from streamcam.sources.live.browser import BrowserSource

_ABSENT = 3.0  # seconds without a picture after which another page may be the camera


class BrowserFeed:
    """Lets one page at a time be the camera. Nobody else sees its pictures.

    Args:
        source: takes the pictures.

    Attributes:
        owner: the connection whose pictures are explained, None for nobody's.
        since: seconds from the start of the source at which its pictures began.
    """

    def __init__(self, source: BrowserSource) -> None:
        self.source = source
        self.owner: object | None = None
        self.since = 0.0
        self._last_picture = 0.0

    async def take(self, sender: object, jpeg: bytes) -> bool:
        """Take a picture from a connection; False where another one is the camera. Raises ``SourceError`` of no JPEG."""
        if self.owner is not sender:
            if self.owner is not None and time.monotonic() - self._last_picture < _ABSENT:
                return False
            self.source.clear()
            self.owner, self.since = sender, self.source.now
        self._last_picture = time.monotonic()
        await asyncio.to_thread(self.source.feed, jpeg)
        return True

    def release(self, sender: object) -> None:
        """A connection is closed; if it was the camera, another one may be."""
        if self.owner is sender:
            self.source.clear()
            self.owner = None
