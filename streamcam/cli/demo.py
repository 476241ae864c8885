"""``streamcam demo``: the sample clip, explained live, in a window or on the page: no camera and no file is needed."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Annotated

import typer

from streamcam.cli.console import note, say
from streamcam.cli.options import Seconds
from streamcam.errors import SinkError
from streamcam.settings import CaptureSettings, PageSettings, PictureSettings

if TYPE_CHECKING:
    from streamcam.web.addresses import Started

_PICTURE = PictureSettings(mode="heat", alpha=0.8)
_PAGE = ("starlette", "uvicorn", "websockets")


def demo_command(
    page: Annotated[bool, typer.Option("--page", help="On a page in the browser, even where a window can be.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the page; 0 for any free one.")] = 8000,
    seconds: Seconds = None,
) -> None:
    """Show what streamcam does, with the clip that it brings: in a window, or on a page where there is no display.

    \b
    streamcam demo
    streamcam demo --page
    """  # noqa: D301 - the backspace keeps the lines of examples as they are
    from streamcam.photographs import sample_clip

    clip, capture = sample_clip(), CaptureSettings(loop=True)
    reason = "" if page else _no_window()
    if not page and not reason:
        from streamcam.live.watch import watch

        note("q in the window ends it, h lists all keys; next: streamcam live, or streamcam annotate clip.mp4")
        if watch(clip, picture=_PICTURE, capture=capture, seconds=seconds).interrupted:
            raise typer.Exit(130)
        return
    if any(importlib.util.find_spec(name) is None for name in _PAGE):
        raise SinkError(f"demo: {reason or 'the page'}; the page needs: pip install 'streamcam[serve]'")
    from streamcam.web.serve import serve

    if reason:
        note(f"no window here ({reason}): on the page")

    def started(where: Started) -> None:
        say(f"page: {where.address}/")
        note("Ctrl-C ends it")

    served = serve(
        clip,
        picture=_PICTURE,
        capture=capture,
        page=PageSettings(port=port),
        seconds=seconds,
        started=started,
    )
    if served.interrupted:
        raise typer.Exit(130)


def _no_window() -> str:
    """Why no window can be opened here; empty where one can."""
    from streamcam.live.window import check_display

    try:
        check_display()
    except SinkError as error:
        return str(error).removeprefix("window: ").partition(";")[0]
    return ""
