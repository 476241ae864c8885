"""One connection with a page: pictures and states go out, requests (and perhaps a camera's pictures) come in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable

from starlette.websockets import WebSocket, WebSocketDisconnect

from streamcam.errors import SourceError
from streamcam.web.audience import AudienceFull
from streamcam.web.booths import Booths
from streamcam.web.defaults import ChangeDefaults
from streamcam.web.doors import address_of
from streamcam.web.live_page import LivePage
from streamcam.web.messages import (
    Ack,
    Choose,
    Command,
    Explain,
    Hello,
    Leave,
    Malformed,
    Paint,
    Restart,
    Role,
    Touch,
    Update,
    Welcome,
    parse,
)
from streamcam.web.page import EncodedFrame
from streamcam.web.turns import Turn

_SEND_TIMEOUT = 20.0  # seconds for a page to take a message, and to paint a picture
_HELLO_TIMEOUT = 10.0  # seconds for a page to send its first message
_WRONG_KEY_DELAY = 1.0  # seconds that a wrong key costs whoever tries keys
_MESSAGES_PER_SECOND, _BURST = 30.0, 60.0  # that a page may send
_HEALTH_INTERVAL = 1.0

# Codes of RFC 6455, 7.4: a policy was broken; try again later.
_POLICY, _LATER = 1008, 1013


class _Refused(Exception):
    """The connection is to be closed: why, for the page, and with which code."""

    def __init__(self, reason: str, code: int = _POLICY) -> None:
        super().__init__(reason)
        self.reason, self.code = reason, code


async def serve_viewer(socket: WebSocket, page: LivePage, booths: Booths | None = None) -> None:
    """Serve one page until it leaves or is refused. ``booths`` are where visitors show their own cameras."""
    await socket.accept()
    try:
        viewer = Viewer(socket, page, booths)
        has_key = await viewer.handshake()
        with page.audience.admit(has_key=has_key):
            try:
                await viewer.run()
            finally:
                if booths:
                    booths.leave(viewer)
    except AudienceFull:
        await _close(socket, _Refused("full", _LATER))
    except _Refused as refused:
        await _close(socket, refused)
    except (WebSocketDisconnect, TimeoutError, OSError):
        pass


async def _close(socket: WebSocket, refused: _Refused) -> None:
    try:
        async with asyncio.timeout(_SEND_TIMEOUT):
            await socket.send_text(Update(refused=refused.reason).encoded())
            await socket.close(refused.code, refused.reason)
    except (WebSocketDisconnect, RuntimeError, OSError):  # TimeoutError is one
        pass


class Viewer:
    """A page that is connected.

    Args:
        socket: the connection, accepted.
        page: what is served.
        booths: where visitors show their own cameras, None where the camera is this machine's.
    """

    def __init__(self, socket: WebSocket, page: LivePage, booths: Booths | None = None) -> None:
        self._socket, self._page, self._booths = socket, page, booths
        self._seen = page  # what this one sees: the page, or a visitor's own
        self._role: Role = "viewer"
        self._painted = asyncio.Event()
        self._sent: EncodedFrame | None = None
        self._allowance, self._counted = _BURST, time.monotonic()
        self._turn = Turn()

    async def handshake(self) -> bool:
        """Wait for the first message, which says who it is; returns whether it has a key."""
        async with asyncio.timeout(_HELLO_TIMEOUT):
            first = self._parsed(await self._receive())
        if not isinstance(first, Hello):
            raise _Refused("malformed")
        self._role = await self._role_of(first.key)
        if client := self._socket.client:
            self._page.doors.leave((address_of(client.host), client.port))
        return bool(first.key)

    async def _role_of(self, key: str) -> Role:
        address = address_of(self._socket.client.host) if self._socket.client else ""
        if key and not self._page.doors.may_try(address):
            raise _Refused("too fast", _LATER)
        role = self._page.keys.role(key)
        if role is None:
            self._page.doors.wrong_key(address)
            await asyncio.sleep(_WRONG_KEY_DELAY)
            raise _Refused("key")
        return role

    async def run(self) -> None:
        """Serve it until it leaves."""
        if self._booths and self._role != "staff":
            self._seen = self._booths.enter(self)
        announced = self._seen.announced
        welcome = Welcome(self._role, self._page.run)
        await self._send(Update(welcome=welcome, state=self._seen.state.status()))
        parts = [self._receive_all(), self._send_pictures(), self._send_states(announced)]
        parts += [self._send_health()] if self._role == "staff" else []
        await _first_to_end(*parts)

    async def _receive(self) -> str | bytes:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text, data = message.get("text"), message.get("bytes")
        return text if text is not None else data or b""

    async def _receive_all(self) -> None:
        while True:
            message = await self._receive()
            if isinstance(message, bytes):
                self._spend()
                await self._take_picture(message)
                continue
            command = self._parsed(message)
            if isinstance(command, Ack) and self._sent and command.id == self._sent.id and not self._painted.is_set():
                self._seen.painted(self._sent.time)
                self._painted.set()
                continue
            self._spend()
            if isinstance(command, Explain | Paint | Choose | Touch):
                await self._answer(self._seen.state.apply(command, self._role))
            elif isinstance(command, Leave) and self._booths:
                self._booths.rest(self)
            elif isinstance(command, ChangeDefaults | Restart):
                await self._serve_staff(command)

    async def _serve_staff(self, command: ChangeDefaults | Restart) -> None:
        if self._role != "staff":
            raise _Refused("key")
        if isinstance(command, Restart):
            self._page.state.restarts += 1
            self._page.sink.end()
            if self._booths:
                self._booths.restart()
            return
        reason = self._page.state.change_defaults(command)
        await self._answer(reason)
        if not reason and (not_saved := await asyncio.to_thread(self._page.state.save)):
            await self._answer(not_saved)

    async def _answer(self, reason: str) -> None:
        if reason:
            await self._send(Update(denied=reason))
        else:
            self._seen.announce()

    async def _take_picture(self, jpeg: bytes) -> None:
        if self._booths is None or self._seen is self._page or self._role == "viewer":
            raise _Refused("no camera wanted")
        try:
            turn = await self._booths.take(self, jpeg)
        except SourceError as error:
            self._page.malformed += 1
            raise _Refused("malformed") from error
        if turn != self._turn:
            self._turn = turn
            await self._send(Update(turn=turn))

    def _parsed(self, message: str | bytes) -> Command:
        try:
            if isinstance(message, bytes):
                raise Malformed("no text")
            return parse(message)
        except Malformed as error:
            self._page.malformed += 1
            raise _Refused("malformed") from error

    def _spend(self) -> None:
        """Count a message against what one page may send."""
        now = time.monotonic()
        self._allowance = min(_BURST, self._allowance + (now - self._counted) * _MESSAGES_PER_SECOND) - 1
        self._counted = now
        if self._allowance < 0:
            raise _Refused("too fast")

    async def _send_pictures(self) -> None:
        while True:
            frame = await self._seen.sink.frames.next()
            self._painted.clear()
            self._sent = frame
            async with asyncio.timeout(_SEND_TIMEOUT):
                await self._socket.send_bytes(frame.message)
                await self._painted.wait()
            await asyncio.sleep(self._page.audience.pause_after(len(frame.message)))

    async def _send_states(self, last: str) -> None:
        while True:  # what was announced while the last one was on its way, or the next
            text = self._seen.announced if self._seen.announced != last else await self._seen.updates.next()
            last = text
            async with asyncio.timeout(_SEND_TIMEOUT):
                await self._socket.send_text(text)

    async def _send_health(self) -> None:
        while True:
            await self._send(Update(health=self._page.health()))
            await asyncio.sleep(_HEALTH_INTERVAL)

    async def _send(self, update: Update) -> None:
        async with asyncio.timeout(_SEND_TIMEOUT):
            await self._socket.send_text(update.encoded())


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
