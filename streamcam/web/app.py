"""The addresses of the live page."""

from __future__ import annotations

import asyncio
import base64
import io
import time
from collections.abc import AsyncIterator, Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

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

from streamcam.choices import BlendMode, Method
from streamcam.drawing.overlay import colour_table
from streamcam.live.controls import COLORMAPS
from streamcam.system.versions import VERSION
from streamcam.web.access import Guard
from streamcam.web.broadcast import Full
from streamcam.web.languages import Language
from streamcam.web.metrics import Metrics
from streamcam.web.viewer import Show, converse

_STATIC = Path(str(files("streamcam.web"))) / "static"
_PATIENCE = 20.0  # seconds that a viewer of MJPEG may take for one picture


def make_app(
    show: Show,
    languages: dict[str, Language],
    labels: tuple[str, ...],
    *,
    hosts: Iterable[str],
    local_only: bool,
    kiosk: bool,
    drift: bool,
    staff_link: str,
) -> Starlette:
    """The web application.

    Args:
        show: what it shows.
        languages: by their codes.
        labels: the model's own class names.
        hosts: names it may be called by, besides this machine's.
        local_only: whether only this machine can reach it.
        kiosk: whether pages are an exhibit's.
        drift: whether what stands still on them moves slowly, for the sake of the screen.
        staff_link: the address of the staff page with its key, for the QR code.
    """
    facts = {
        "version": VERSION,
        "languages": {code: language.sentences for code, language in languages.items()},
        "methods": list(get_args(Method)),
        "blends": list(get_args(BlendMode)),
        "colormaps": {name: _colours(name) for name in COLORMAPS},
        "kiosk": kiosk,
        "drift": drift,
        "camera": "browser" if show.feed else "server",
    }
    metrics = Metrics(show)

    async def index(request: Request) -> Response:
        return FileResponse(_STATIC / "index.html")

    async def staff(request: Request) -> Response:
        return FileResponse(_STATIC / "staff.html")

    async def page(request: Request) -> Response:
        return JSONResponse(facts)

    async def names(request: Request) -> Response:
        language = languages.get(request.path_params["code"])
        return JSONResponse(list((language and language.labels) or labels))

    async def code(request: Request) -> Response:
        """The QR code of the staff page, for staff: a phone that reads it has the key."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or show.keys.role(key) != "staff":
            await asyncio.sleep(1)
            return PlainTextResponse("The staff's key is needed.", status_code=401)
        drawn = io.BytesIO()
        segno.make(staff_link, error="m").save(drawn, kind="svg", scale=8, border=2, dark="#000", light="#fff")
        return Response(drawn.getvalue(), media_type="image/svg+xml")

    async def health(request: Request) -> Response:
        state = show.health()
        return JSONResponse(state, status_code=200 if state["status"] == "ok" else 503)

    async def measured(request: Request) -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def mjpeg(request: Request) -> Response:
        if show.feed:
            return PlainTextResponse("A visitor's camera is shown to that visitor only.", status_code=404)
        if show.audience.is_full:
            show.audience.refused += 1
            return PlainTextResponse("As many viewers as may be are here already; try again later.", status_code=503)
        return _Impatient(_pictures(show), media_type="multipart/x-mixed-replace; boundary=frame")

    async def socket(websocket: WebSocket) -> None:
        await converse(websocket, show)

    return Starlette(
        routes=[
            Route("/", index),
            Route("/staff", staff),
            Route("/staff/code.svg", code),
            Route("/page.json", page),
            Route("/labels/{code}.json", names),
            Route("/stream.mjpg", mjpeg),
            Route("/health", health),
            Route("/metrics", measured),
            WebSocketRoute("/live", socket),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        middleware=[Middleware(Guard, hosts=hosts, local_only=local_only)],
    )


def _colours(name: str) -> str:
    """256 colours of a map, RGB, in base 64."""
    return base64.b64encode(np.ascontiguousarray(colour_table(name)[:, 0, ::-1]).tobytes()).decode()


async def _pictures(show: Show) -> AsyncIterator[bytes]:
    try:
        with show.audience.seat():
            while True:
                jpeg = await show.page.pictures.next()
                show.page.last_painted = time.monotonic()
                yield b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(jpeg), jpeg)
                await asyncio.sleep(show.audience.pause_after(len(jpeg)))
    except Full:
        return


class _Impatient(StreamingResponse):
    """A stream that ends when its reader takes nothing for long."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def impatiently(message: Message) -> None:
            async with asyncio.timeout(_PATIENCE):
                await send(message)

        try:
            await super().__call__(scope, receive, impatiently)
        except TimeoutError:
            return


def health_of(show: Show) -> dict[str, Any]:
    """What can be said of the session in a few numbers; ``status`` is ``ok`` or ``stalled``."""
    stage = show.stage
    state = stage.source.state if stage.source else None
    stats = stage.stats
    return {
        "status": "ok" if show.is_going_on else "stalled",
        "phase": state.phase if state else "connecting",
        "viewers": show.audience.present,
        "fps": round(stats.camera_rate.value, 1) if stats else 0.0,
        "maps_per_second": round(stats.explain_rate.value, 1) if stats else 0.0,
        "delay_ms": stats.stages["page"].to_json() if stats else {},
        "reconnects": stage.source.counts.reconnects if stage.source else 0,
        "stalls": stage.source.counts.stalls if stage.source else 0,
        "restarts": stage.restarts,
        "failures": stage.failures,
    }
