"""One conversation with a page: pictures and states out, wishes (and perhaps a camera's pictures) in."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from streamcam.errors import SourceError
from streamcam.sources.live.browser import BrowserSource
from streamcam.web.access import Keys
from streamcam.web.broadcast import Audience, Bulletin, Full
from streamcam.web.messages import Ack, Choose, Explain, Hello, Malformed, Restart, Settings, Touch, parse
from streamcam.web.page import Page, Shot
from streamcam.web.settings import Role, Stage

_PATIENCE = 20.0  # seconds for a page to take a message, to paint a picture
_HELLO = 10.0  # seconds for a page to say hello
_WRONG_KEY = 1.0  # seconds that a wrong key costs whoever tries keys
_WISHES, _BURST = 30.0, 60.0  # messages a second, and at once
_BETWEEN_HEALTH = 1.0
_STILL = 10.0  # seconds without a frame after which something is wrong
_ABSENT = 3.0  # seconds without a picture after which another page may be the camera

# Codes of RFC 6455, 7.4: a policy was broken; the message is too big; try again later.
_POLICY, _LATER = 1008, 1013


class _Over(Exception):
    """The conversation ends: why, for the page, and the code."""

    def __init__(self, reason: str, code: int = _POLICY) -> None:
        super().__init__(reason)
        self.reason, self.code = reason, code


@dataclass(slots=True)
class Feed:
    """The pages' cameras, of which one at a time is the source. Nobody else sees its pictures."""

    source: BrowserSource
    owner: Viewer | None = None
    since: float = 0.0
    _fed: float = field(default=0.0)

    async def take(self, viewer: Viewer, jpeg: bytes) -> bool:
        """A picture from a page; False where another page is the camera."""
        if self.owner is not viewer:
            if self.owner is not None and time.monotonic() - self._fed < _ABSENT:
                return False
            self.source.clear()
            self.owner, self.since = viewer, self.source.now
        self._fed = time.monotonic()
        await asyncio.to_thread(self.source.feed, jpeg)
        return True

    def release(self, viewer: Viewer) -> None:
        """A page is gone."""
        if self.owner is viewer:
            self.source.clear()
            self.owner = None


@dataclass(slots=True)
class Show:
    """Everything that a conversation needs."""

    page: Page
    stage: Stage
    audience: Audience
    keys: Keys
    feed: Feed | None = None
    health: Callable[[], dict[str, Any]] = dict
    states: Bulletin[str] = field(default_factory=Bulletin)
    state: str = ""
    malformed: int = 0
    run: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def is_going_on(self) -> bool:
        """Whether frames pass, and reach those who look on."""
        now = time.monotonic()
        heard = now - max(self.page.last_painted, self.audience.last_came) < _PATIENCE + _STILL
        return (heard or not self.audience.present or self.feed is not None) and now - self.page.last_seen < _STILL

    def painted(self, at: float) -> None:
        """A viewer has shown the frame of this time."""
        self.page.last_painted = time.monotonic()
        if self.stage.stats:
            self.stage.stats.painted(at)

    @property
    def has_changed(self) -> bool:
        """Whether pages do not know the state yet."""
        return self.state != self._stated()

    def announce(self) -> None:
        """Tell every page the state."""
        self.state = self._stated()
        self.states.post(self.state)

    def _stated(self) -> str:
        return json.dumps({"state": self.stage.to_json()})


async def converse(socket: WebSocket, show: Show) -> None:
    """Talk with a page until one of the two ends it."""
    await socket.accept()
    try:
        viewer = Viewer(socket, show)
        with show.audience.door():
            has_key = await viewer.greet()
        with show.audience.seat(has_key=has_key):
            try:
                await viewer.talk()
            finally:
                if show.feed:
                    show.feed.release(viewer)
    except Full:
        await _end(socket, _Over("full", _LATER))
    except _Over as over:
        await _end(socket, over)
    except (WebSocketDisconnect, TimeoutError, OSError):
        pass


async def _end(socket: WebSocket, over: _Over) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            await socket.send_text(json.dumps({"refused": over.reason}))
            await socket.close(over.code, over.reason)
    except (WebSocketDisconnect, RuntimeError, OSError):  # TimeoutError is one
        pass


class Viewer:
    """A page that looks on."""

    def __init__(self, socket: WebSocket, show: Show) -> None:
        self._socket, self._show = socket, show
        self._role: Role = "viewer"
        self._painted = asyncio.Event()
        self._sent: Shot | None = None
        self._allowance, self._counted = _BURST, time.monotonic()
        self._told_busy = False

    async def greet(self) -> bool:
        """Hear who it is; whether it has a key."""
        async with asyncio.timeout(_HELLO):
            first = self._parsed(await self._receive())
        if not isinstance(first, Hello):
            raise _Over("malformed")
        role = self._show.keys.role(first.key)
        if role is None:
            await asyncio.sleep(_WRONG_KEY)
            raise _Over("key")
        self._role = role
        return bool(first.key)

    async def talk(self) -> None:
        """Until it ends."""
        role, told = self._role, self._show.state
        await self._say({"welcome": {"role": role, "run": self._show.run}, "state": self._show.stage.to_json()})
        parts = [self._listen(), self._send_pictures(), self._send_states(told)]
        parts += [self._send_health()] if role == "staff" else []
        await _first_to_end(*parts)

    async def _receive(self) -> str | bytes:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text, data = message.get("text"), message.get("bytes")
        return text if text is not None else data or b""

    async def _listen(self) -> None:
        while True:
            message = await self._receive()
            if isinstance(message, bytes):
                self._spend()
                await self._take_picture(message)
                continue
            command = self._parsed(message)
            if isinstance(command, Ack) and self._sent and command.id == self._sent.id and not self._painted.is_set():
                self._show.painted(self._sent.time)
                self._painted.set()
                continue
            self._spend()
            if isinstance(command, Explain | Choose | Touch):
                await self._answer(self._show.stage.obey(command, self._role))
            elif isinstance(command, Settings | Restart):
                await self._serve_staff(command)

    async def _serve_staff(self, command: Settings | Restart) -> None:
        if self._role != "staff":
            raise _Over("key")
        if isinstance(command, Restart):
            self._show.stage.restarts += 1
            self._show.page.end()
            return
        reason = self._show.stage.change(command)
        await self._answer(reason)
        if not reason and (unkept := await asyncio.to_thread(self._show.stage.keep)):
            await self._answer(unkept)

    async def _answer(self, reason: str) -> None:
        if reason:
            await self._say({"denied": reason})
        else:
            self._show.announce()

    async def _take_picture(self, jpeg: bytes) -> None:
        if self._show.feed is None or self._role == "viewer":
            raise _Over("no camera wanted")
        try:
            taken = await self._show.feed.take(self, jpeg)
        except SourceError as error:
            self._show.malformed += 1
            raise _Over("malformed") from error
        if self._told_busy != (not taken):
            self._told_busy = not taken
            await self._say({"busy": not taken})

    def _parsed(self, message: str | bytes) -> Any:
        try:
            if isinstance(message, bytes):
                raise Malformed("no text")
            return parse(message)
        except Malformed as error:
            self._show.malformed += 1
            raise _Over("malformed") from error

    def _spend(self) -> None:
        """Count a message against what one page may send."""
        now = time.monotonic()
        self._allowance = min(_BURST, self._allowance + (now - self._counted) * _WISHES) - 1
        self._counted = now
        if self._allowance < 0:
            raise _Over("too fast")

    async def _send_pictures(self) -> None:
        while True:
            shot = await self._show.page.shots.next()
            feed = self._show.feed
            if feed and (feed.owner is not self or shot.time < feed.since):
                continue
            self._painted.clear()
            self._sent = shot
            async with asyncio.timeout(_PATIENCE):
                await self._socket.send_bytes(shot.message)
                await self._painted.wait()
            await asyncio.sleep(self._show.audience.pause_after(len(shot.message)))

    async def _send_states(self, told: str) -> None:
        while True:  # what was announced while the last one was on its way, or the next
            text = self._show.state if self._show.state != told else await self._show.states.next()
            told = text
            async with asyncio.timeout(_PATIENCE):
                await self._socket.send_text(text)

    async def _send_health(self) -> None:
        while True:
            await self._say({"health": self._show.health()})
            await asyncio.sleep(_BETWEEN_HEALTH)

    async def _say(self, message: dict[str, Any]) -> None:
        async with asyncio.timeout(_PATIENCE):
            await self._socket.send_text(json.dumps(message))


async def _first_to_end(*parts: Awaitable[None]) -> None:
    """Run all until the first ends, with its error; none outlives this."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
