"""The web application: what each address of the live page answers."""

from __future__ import annotations

import asyncio
import base64
import io
import time
from collections.abc import AsyncIterator, Iterable
from importlib.resources import files
from pathlib import Path

import numpy as np
import segno
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from streamcam.choices import ViewersChoice
from streamcam.drawing.colours import colour_table
from streamcam.live.controls import COLORMAPS
from streamcam.system.versions import VERSION
from streamcam.system.wire import to_builtins
from streamcam.web.access import AccessMiddleware
from streamcam.web.addresses import Started
from streamcam.web.audience import AudienceFull
from streamcam.web.booths import Booths
from streamcam.web.defaults import CHOICES
from streamcam.web.doors import address_of
from streamcam.web.languages import Language
from streamcam.web.live_page import LivePage
from streamcam.web.metrics import Metrics
from streamcam.web.offers import CHALLENGES, LEFT_OUT, TILES, indices
from streamcam.web.viewer import serve_viewer

_STATIC = Path(str(files("streamcam.web"))) / "static"
_SEND_TIMEOUT = 20.0  # seconds that a viewer of MJPEG may take for one picture


def make_app(
    page: LivePage,
    languages: dict[str, Language],
    labels: tuple[str, ...],
    *,
    hosts: Iterable[str],
    where: Started,
    kiosk: bool,
    drift: bool,
    viewers: ViewersChoice,
    with_mjpeg: bool,
    booths: Booths | None = None,
) -> Starlette:
    """The web application.

    Args:
        page: what it serves.
        languages: by their codes.
        labels: the model's own class names.
        hosts: names it may be called by, besides this machine's.
        where: the page is, and who can reach it.
        kiosk: whether pages are an exhibit's.
        drift: whether what stands still on them moves slowly, for the sake of the screen.
        viewers: whether everybody who can reach it may look, or only who has a key.
        with_mjpeg: whether there are plain pictures, too.
        booths: where visitors show their own cameras, or None.
    """
    local_only = where.local_only
    has_phones = not local_only and viewers == "open" and page.has_camera
    facts = {
        "version": VERSION,
        "languages": {code: language.sentences for code, language in languages.items()},
        **CHOICES,
        "tiles": indices(TILES, labels),
        "challenges": indices(CHALLENGES, labels),
        "left_out": indices(LEFT_OUT, labels),
        "drawings": {index: name for name in TILES for index in indices((name,), labels)},
        "reach": "here" if local_only else viewers,
        "phone": where.network_address if has_phones else "",
        "colormaps": {name: _colours(name) for name in COLORMAPS},
        "kiosk": kiosk,
        "drift": drift,
        "camera": "server" if page.has_camera else "browser",
    }
    metrics = Metrics(page)

    async def index(request: Request) -> Response:
        return FileResponse(_STATIC / "index.html")

    async def staff(request: Request) -> Response:
        return FileResponse(_STATIC / "staff.html")

    async def page_facts(request: Request) -> Response:
        return JSONResponse(facts)

    async def names(request: Request) -> Response:
        language = languages.get(request.path_params["code"])
        return JSONResponse(list((language and language.labels) or labels))

    async def code(request: Request) -> Response:
        """The staff page's link with its key as a QR code, for staff's phones; only for who has the key already."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        address = address_of(request.client.host) if request.client else ""
        if not page.doors.may_try(address):
            return PlainTextResponse("Too many wrong keys; try again later.", status_code=429)
        if scheme.lower() != "bearer" or page.keys.role(key) != "staff":
            if key:
                page.doors.wrong_key(address)
            await asyncio.sleep(1)
            return PlainTextResponse("The staff's key is needed.", status_code=401)
        if local_only:
            return PlainTextResponse("No phone can reach this machine's own address; give --host.", status_code=404)
        return _drawn(where.staff_link)

    async def phone_code(request: Request) -> Response:
        """The page's address as a QR code, for those who want to go on looking with their own phone."""
        if not has_phones or "phones" not in page.state.defaults.offers:
            return PlainTextResponse("This page is not for phones.", status_code=404)
        return _drawn(f"{where.network_address}/")

    async def health(request: Request) -> Response:
        report = page.health()
        return JSONResponse(to_builtins(report), status_code=200 if report.status in ("ok", "degraded") else 503)

    async def measured(request: Request) -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def mjpeg(request: Request) -> Response:
        if not with_mjpeg:
            return PlainTextResponse("There are no plain pictures here (--no-mjpeg).", status_code=404)
        if page.keys.role(request.query_params.get("key", "")) is None:
            return PlainTextResponse("Only who has a key may look: /stream.mjpg?key=…", status_code=403)
        if not page.has_camera:
            return PlainTextResponse("A visitor's camera is shown to that visitor only.", status_code=404)
        if page.audience.is_full:
            page.audience.refused += 1
            return PlainTextResponse(
                "As many viewers as are allowed are connected already; try again later.", status_code=503
            )
        if request.client:
            page.doors.leave((address_of(request.client.host), request.client.port))
        return _TimedStream(_pictures(page), media_type="multipart/x-mixed-replace; boundary=frame")

    async def socket(websocket: WebSocket) -> None:
        await serve_viewer(websocket, page, booths)

    return Starlette(
        routes=[
            Route("/", index),
            Route("/staff", staff),
            Route("/staff/code.svg", code),
            Route("/phone.svg", phone_code),
            Route("/page.json", page_facts),
            Route("/labels/{code}.json", names),
            Route("/stream.mjpg", mjpeg),
            Route("/health", health),
            Route("/metrics", measured),
            WebSocketRoute("/live", socket),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        middleware=[Middleware(AccessMiddleware, hosts=hosts, local_only=local_only)],
    )


def _drawn(address: str) -> Response:
    """A QR code."""
    drawn = io.BytesIO()
    segno.make(address, error="m").save(drawn, kind="svg", scale=8, border=2, dark="#000", light="#fff")
    return Response(drawn.getvalue(), media_type="image/svg+xml")


def _colours(name: str) -> str:
    """256 colours of a map, RGB, in base 64."""
    return base64.b64encode(np.ascontiguousarray(colour_table(name)[:, 0, ::-1]).tobytes()).decode()


async def _pictures(page: LivePage) -> AsyncIterator[bytes]:
    try:
        with page.audience.admit():
            while True:
                jpeg = await page.sink.mjpeg.next()
                page.sink.last_painted = time.monotonic()
                yield b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(jpeg), jpeg)
                await asyncio.sleep(page.audience.pause_after(len(jpeg)))
    except AudienceFull:
        return


class _TimedStream(StreamingResponse):
    """A stream that ends when its reader takes nothing for long."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(_SEND_TIMEOUT):
                await send(message)

        try:
            await super().__call__(scope, receive, send_in_time)
        except TimeoutError:
            return
