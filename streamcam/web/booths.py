"""Visitors' own cameras: each has a session, a state and a sink of its own, which nobody else sees."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable

from streamcam.errors import StreamcamError
from streamcam.sources.live.browser import BrowserSource
from streamcam.web.defaults import PageDefaults
from streamcam.web.live_page import LivePage
from streamcam.web.turns import Turn, Turns

_log = logging.getLogger(__name__)


class Booth:
    """One visitor's.

    Args:
        page: what this visitor sees and may change.
        run: runs a session of a source on a page, until the source is closed.
    """

    def __init__(self, page: LivePage, run: Callable[[LivePage, BrowserSource], None]) -> None:
        self.page, self._run = page, run
        self._source: BrowserSource | None = None

    @property
    def is_running(self) -> bool:
        """Whether there is a session."""
        return self._source is not None

    def feed(self, jpeg: bytes) -> None:
        """Take a picture, which begins a session if there is none. Raises ``SourceError`` of no JPEG."""
        source = self._source
        if source is None:
            self._source = source = BrowserSource()
            self.page.sink.last_received = time.monotonic()
            threading.Thread(target=self._session, args=(source,), name="streamcam-booth", daemon=True).start()
        source.feed(jpeg)

    def _session(self, source: BrowserSource) -> None:
        try:
            self._run(self.page, source)
        except Exception as error:  # one visitor's; the others go on
            known = isinstance(error, StreamcamError)
            _log.warning(str(error) if known else f"{type(error).__name__}: {error}")
            (self.page.state.parent or self.page.state).failures += 1
        finally:
            if self._source is source:
                self._source = None

    def rest(self) -> None:
        """End the session, if there is one: it is not this visitor's turn."""
        source, self._source = self._source, None
        if source:
            source.close()
            self.page.state.reset()


class Booths:
    """All of them.

    Args:
        page: the page that they belong to: its defaults are theirs, and it counts what they do.
        make: makes the page of one visitor.
        run: see ``Booth``.
        turns: whose cameras are looked at.
    """

    def __init__(
        self,
        page: LivePage,
        make: Callable[[], LivePage],
        run: Callable[[LivePage, BrowserSource], None],
        turns: Turns,
    ) -> None:
        self._page, self._make, self._run, self._turns = page, make, run, turns
        self._booths: dict[object, Booth] = {}

    def enter(self, visitor: object) -> LivePage:
        """A visitor comes; returns what they see."""
        booth = Booth(self._make(), self._run)
        booth.page.run = self._page.run
        self._booths[visitor] = booth
        self._adopt(booth, self._page.state.defaults)
        return booth.page

    def _adopt(self, booth: Booth, defaults: PageDefaults) -> None:
        booth.page.state.defaults = defaults
        booth.page.state.parent = self._page.state
        booth.page.state.reset()

    def leave(self, visitor: object) -> None:
        """A visitor goes."""
        self.rest(visitor)
        if booth := self._booths.pop(visitor, None):
            self._page.add_counts(booth.page)

    def rest(self, visitor: object) -> None:
        """A visitor's camera is off."""
        self._turns.release(visitor)
        if booth := self._booths.get(visitor):
            booth.rest()

    async def take(self, visitor: object, jpeg: bytes) -> Turn:
        """Take a picture, or say when it is this visitor's turn. Raises ``SourceError`` of no JPEG."""
        booth = self._booths[visitor]
        turn = self._turns.of(visitor)
        if turn.place:
            booth.rest()
        else:
            await asyncio.to_thread(booth.feed, jpeg)
        return turn

    def restart(self) -> None:
        """Begin all sessions again, with the next picture of each."""
        for booth in self._booths.values():
            booth.rest()

    def keep_house(self) -> None:
        """Let all pages know what has changed, and take over what staff have. To be called again and again."""
        for booth in list(self._booths.values()):
            state = booth.page.state
            if state.defaults != self._page.state.defaults:
                self._adopt(booth, self._page.state.defaults)
            state.reset_when_idle()
            if booth.page.has_changed:
                booth.page.announce()

    @property
    def running(self) -> list[LivePage]:
        """The pages with a session."""
        return [booth.page for booth in self._booths.values() if booth.is_running]

    def close(self) -> None:
        """End all sessions."""
        for visitor in list(self._booths):
            self.rest(visitor)
