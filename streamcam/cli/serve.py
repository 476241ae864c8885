"""``streamcam serve``: the live page in the browser, and exhibit mode."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamcam.cli.console import note, say, warn
from streamcam.cli.grouping import takes
from streamcam.cli.options import (
    CAPTURE,
    EXPLANATION,
    HEAT,
    MODEL,
    PICTURE,
    PICTURE_PANEL,
    SOURCE_VARIABLE,
    LiveEvery,
    Realtime,
    Seconds,
    SourceFile,
    StatsPath,
    source_of,
)
from streamcam.cli.page_options import EXHIBIT, PAGE, PrintUnit
from streamcam.settings import (
    PAGE_PICTURE,
    CaptureSettings,
    ExhibitSettings,
    ExplainSettings,
    HeatSettings,
    ModelSettings,
    PageSettings,
    PictureSettings,
)

if TYPE_CHECKING:
    from streamcam.web.addresses import Started


@takes(
    page=PAGE,
    exhibit=EXHIBIT,
    capture=CAPTURE,
    model=MODEL,
    explanation=EXPLANATION,
    picture=PICTURE.based_on(PAGE_PICTURE, PICTURE_PANEL).without("hud", "layout"),
    heat=HEAT,
)
def serve_command(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[SOURCE]",
            envvar=SOURCE_VARIABLE,
            show_default="0",
            help="A camera's number or device path, a URL, a video file, 'screen', or 'browser': the visitor's camera.",
        ),
    ] = None,
    source_file: SourceFile = None,
    seconds: Seconds = None,
    stats: StatsPath = None,
    *,
    page: PageSettings,
    exhibit: ExhibitSettings,
    print_unit: PrintUnit = False,
    capture: CaptureSettings,
    realtime: Realtime = True,
    model: ModelSettings,
    explanation: ExplainSettings,
    picture: PictureSettings,
    heat: HeatSettings,
    every: LiveEvery = "auto",
) -> None:
    """Show live on a page in the browser what the model looks at.

    \b
    streamcam serve                       the first camera, on localhost:8000
    streamcam serve browser               the camera of whoever opens the page
    streamcam serve clip.mp4 --loop
    streamcam serve --host 0.0.0.0        for the network; to choose needs a key
    streamcam serve --kiosk --hours "Tue-Sun 10:00-18:00" --allow tabby
    streamcam serve --kiosk --print-unit  a systemd unit for it

    Nothing is stored; only those who open the page are sent anything.
    Plain pictures are at /stream.mjpg, health at /health, numbers at /metrics.
    """  # noqa: D301 - the backspace keeps the lines of examples as they are
    from streamcam.web.serve import serve

    if print_unit:
        _print_unit(source, source_file, exhibit.settings)
        return
    served = serve(
        source_of(source, source_file),
        model=model,
        explain=explanation,
        picture=picture,
        capture=capture,
        page=page,
        exhibit=exhibit,
        heat=heat,
        every=every,
        seconds=seconds,
        stats=stats,
        started=lambda where: _report(where, page, exhibit),
    )
    if served.interrupted:
        note("ended")
        raise typer.Exit(130)


def _print_unit(source: str | None, source_file: Path | None, settings: Path | None) -> None:
    from streamcam.web.systemd import unit

    given = [argument for argument in sys.argv[1:] if argument not in ("--print-unit", "--debug")]
    if any(argument.startswith("--token") for argument in given):
        raise typer.BadParameter("does not belong into a unit; put it into /etc/streamcam.env", param_hint="--token")
    say(unit(given[1:], source=source, source_file=source_file, written=settings).rstrip())


def _report(where: Started, page: PageSettings, exhibit: ExhibitSettings) -> None:
    """Where the page is, and who may do what."""
    say(f"page: {where.address}/")
    if not where.local_only:
        say(f"for the network, to look: {where.network_address}/")
        whose = "visitors who show their own camera" if where.takes_cameras else "a screen that visitors touch"
        say(f"for {whose}: {where.visitor_link}")
        if not page.certfile:
            warn("without --certfile, everybody on the network can read the keys and the pictures on their way")
            if where.takes_cameras:
                warn("browsers give their camera to HTTPS pages and to localhost only: give --certfile")
        if page.token is None and exhibit.kiosk:
            warn("without STREAMCAM_TOKEN the keys change at each start: screens and phones must be given the new ones")
    say(f"staff: {where.staff_link}" if page.token is None else f"staff: {where.network_address}/staff, with the token")
    note("Ctrl-C ends it")
