"""``streamcam serve``: the live page in the browser, and exhibit mode."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamcam.cli.console import note, say, warn, write_json
from streamcam.cli.grouping import takes
from streamcam.cli.options import CAPTURE, EXPLANATION, MODEL, PICTURE, NoSteady, Realtime, Seconds, StatsPath
from streamcam.cli.page_options import EXHIBIT, PAGE, PrintUnit
from streamcam.errors import MissingLibraryError, OptionError
from streamcam.settings import (
    CaptureSettings,
    ExhibitSettings,
    ExplainSettings,
    ModelSettings,
    PageSettings,
    PictureSettings,
)

if TYPE_CHECKING:
    from streamcam.protocols import LiveFeed

_SESSION = "Session"
_SHORTEST_TOKEN = 12


@takes(
    page=PAGE,
    exhibit=EXHIBIT,
    capture=CAPTURE,
    model=MODEL,
    explanation=EXPLANATION,
    picture=PICTURE.without("hud", "layout"),
)
def serve_command(
    source: Annotated[
        str,
        typer.Argument(
            metavar="[SOURCE]",
            help="A camera's number or device path, a URL, a video file, or 'browser': the visitor's.",
        ),
    ] = "0",
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
    no_steady: NoSteady = False,
) -> None:
    """Show live on a page in the browser what the model looks at, here or on the whole network.

    \b
    streamcam serve                       the first camera, on http://localhost:8000
    streamcam serve browser               the camera of whoever opens the page
    streamcam serve clip.mp4 --loop
    streamcam serve --host 0.0.0.0        for the network: everybody may look, who has a key may steer
    streamcam serve --kiosk --hours "Tue-Sun 10:00-18:00" --allow tabby --allow espresso
    streamcam serve --kiosk --print-unit  a systemd unit for it

    Nothing is stored, and nothing leaves the machine but to those who open the page.
    Plain pictures for an <img> are at /stream.mjpg, health at /health, numbers for Prometheus at /metrics.
    """  # noqa: D301 - the backspace keeps the lines of examples as they are
    _check_libraries()
    from streamcam.web.systemd import unit

    if print_unit:
        given = [argument for argument in sys.argv[1:] if argument not in ("--print-unit", "--debug")]
        if any(argument.startswith("--token") for argument in given):
            raise typer.BadParameter(
                "does not belong into a unit; put it into /etc/streamcam.env", param_hint="--token"
            )
        say(unit(given[1:], written=exhibit.settings).rstrip())
        return

    from streamcam.drawing.overlay import make_overlay
    from streamcam.explain.targets import resolve_targets
    from streamcam.live.controls import COLORMAPS, Controls
    from streamcam.live.explainer import LiveExplainer, preparation, sized_explainers
    from streamcam.live.session import SessionLimit
    from streamcam.models.loading import load_classifier
    from streamcam.steady.heat import unsteadied
    from streamcam.steady.naming import SteadyNaming
    from streamcam.web.access import AccessKeys
    from streamcam.web.app import make_app
    from streamcam.web.audience import Audience
    from streamcam.web.defaults import PageDefaults
    from streamcam.web.feed import BrowserFeed
    from streamcam.web.languages import languages
    from streamcam.web.live_page import LivePage
    from streamcam.web.page import PageSink
    from streamcam.web.server import Server, check_certificate, is_local, listen
    from streamcam.web.session import run_sessions
    from streamcam.web.state import PageState
    from streamcam.web.systemd import notify

    local_only = is_local(page.host)
    if page.token is not None and len(page.token) < _SHORTEST_TOKEN:
        raise OptionError(f"token: must have at least {_SHORTEST_TOKEN} characters, or anybody can guess it")
    colormap = picture.colormap.lower()
    if colormap not in COLORMAPS:
        raise OptionError(f"colormap {picture.colormap}: the page has {', '.join(COLORMAPS)}")
    if page.certfile:
        check_certificate(page.certfile, page.keyfile)
    open_source, feed_source = _source(source, capture, exhibit)

    with ExitStack() as stack:
        listening = stack.enter_context(listen(page.host, page.port))
        classifier = load_classifier(model, cache=explanation.cache)
        known = languages(page.languages, len(classifier.labels))
        if page.language not in known:
            raise OptionError(f"language {page.language}: there is {', '.join(known)}; bring others with --languages")
        allowed = [int(row[0]) for row in resolve_targets(exhibit.allow, classifier.labels)] if exhibit.allow else []
        if any(index < 0 for index in allowed):
            raise OptionError("allow: takes labels and class indices, no ranks")
        controls = Controls(
            replace(make_overlay(picture, classifier.labels), colormap=colormap),
            targets=_classes(explanation.targets, classifier.labels),
            method=explanation.method,
        )
        state = PageState(
            controls,
            PageDefaults.of(controls, language=page.language, allowed=tuple(allowed)),
            tuple(known),
            settings_file=exhibit.settings,
            idle_reset=exhibit.idle_reset if exhibit.kiosk else None,
        )
        show = LivePage(
            PageSink(controls, page.quality),
            state,
            Audience(page.max_viewers, page.bandwidth * 1e6),
            AccessKeys(page.token, open_to_visitors=local_only),
            BrowserFeed(feed_source) if feed_source else None,
        )
        port = listening.getsockname()[1]
        here, network = _links(page, port, local_only)
        app = make_app(
            show,
            known,
            classifier.labels,
            hosts=page.allow_host or (),
            local_only=local_only,
            kiosk=exhibit.kiosk,
            drift=exhibit.kiosk and exhibit.drift,
            staff_link=f"{network}/staff#{show.keys.staff}",
        )
        stack.enter_context(
            Server(app, show, listening, max_viewers=page.max_viewers, certfile=page.certfile, keyfile=page.keyfile)
        )
        _tell(page, show, here, network, local_only=local_only, kiosk=exhibit.kiosk)
        notify("READY=1")
        make = sized_explainers(explanation, classifier)
        interrupted = False
        try:
            run_sessions(
                show,
                open_source,
                lambda counts: LiveExplainer(
                    make,
                    controls,
                    counts,
                    prepare=preparation(model, explanation),
                    naming=None if no_steady else SteadyNaming(),
                ),
                sinks=[SessionLimit(None, seconds)],
                steady=unsteadied if no_steady else None,
                retry=exhibit.kiosk,
            )
        except KeyboardInterrupt:
            interrupted = True
        notify("STOPPING=1")
    if stats and state.stats:
        write_json(stats, state.stats.to_json() | {"encoded": show.sink.encoded, "viewers": show.audience.admitted})
    if interrupted:
        note("ended")
        raise typer.Exit(130)


def _check_libraries() -> None:
    for name in ("prometheus_client", "segno", "starlette", "uvicorn", "websockets"):
        if find_spec(name) is None:
            raise MissingLibraryError(
                f"serve needs {name}, which is not installed; install it with: pip install 'streamcam[serve]'"
            )


def _classes(targets: Sequence[str | int], labels: tuple[str, ...]) -> tuple[str | int, ...]:
    """Ranks as they are, and classes by their indices, which is how pages name them."""
    from streamcam.explain.targets import NO_CLASS, resolve_targets

    rows = resolve_targets(targets, labels)
    if any(versus != NO_CLASS or sign < 0 for _, versus, sign in rows):
        raise OptionError("target: the page explains classes; 'vs' and 'not' are for annotate and live")
    if len(rows) > 2:
        raise OptionError("target: the page compares two classes at most")
    return tuple(int(row[0]) if row[0] >= 0 else target for row, target in zip(rows, targets, strict=True))


def _source(given: str, capture: CaptureSettings, exhibit: ExhibitSettings) -> tuple[Callable[[], LiveFeed], Any]:
    """How to open the source of a session; and, for browsers' cameras, the one that takes their pictures."""
    from streamcam.sources.live.address import parse_address
    from streamcam.sources.live.browser import BrowserSource
    from streamcam.sources.live.exhibit import ExhibitSource
    from streamcam.sources.live.hours import parse_hours
    from streamcam.sources.live.live import LiveSource

    for name, value in (("hours", exhibit.hours), ("attract", exhibit.attract)):
        if value and not exhibit.kiosk:
            raise OptionError(f"{name}: is of an exhibit; add --kiosk")
    hours = parse_hours(exhibit.hours) if exhibit.hours else None
    clips = exhibit.attract
    for clip in clips:
        if parse_address(clip).kind != "file":
            raise OptionError(f"attract {clip}: takes video files only")
    if given == "browser":
        if exhibit.kiosk:
            raise OptionError("kiosk: goes with a camera at this machine, not with the visitors' own")
        feed = BrowserSource()
        return lambda: feed, feed
    if exhibit.kiosk:
        capture = replace(capture, loop=True)

    def open_source() -> LiveSource:
        return LiveSource(given, capture)

    open_source().close()  # what can be no source is said now
    if not exhibit.kiosk:
        return open_source, None
    return lambda: ExhibitSource(open_source, clips, attract_after=exhibit.attract_after, hours=hours), None


def _links(page: PageSettings, port: int, local_only: bool) -> tuple[str, str]:
    """The page's address for this machine, and for others."""
    import ipaddress
    import socket

    scheme = "https" if page.certfile else "http"
    if page.allow_host:
        return f"{scheme}://localhost:{port}", f"{scheme}://{page.allow_host[0]}:{port}"
    host = "localhost" if local_only and page.host in ("localhost", "127.0.0.1") else page.host
    try:
        anywhere = ipaddress.ip_address(page.host).is_unspecified
    except ValueError:
        anywhere = False
    if anywhere:
        return f"{scheme}://localhost:{port}", f"{scheme}://{_network_address() or socket.gethostname()}:{port}"
    bracketed = f"[{host}]" if ":" in host else host
    return f"{scheme}://{bracketed}:{port}", f"{scheme}://{bracketed}:{port}"


def _network_address() -> str | None:
    """Where others reach this machine, by IPv4: phones look names of this kind of machine up in vain."""
    import socket

    import psutil

    up = {name for name, stats in psutil.net_if_stats().items() if stats.isup}
    addresses = [
        one.address
        for name, many in psutil.net_if_addrs().items()
        for one in many
        if name in up and one.family == socket.AF_INET and not one.address.startswith(("127.", "169.254."))
    ]
    return addresses[0] if addresses else None


def _tell(page: PageSettings, show: Any, here: str, network: str, *, local_only: bool, kiosk: bool) -> None:
    """Where it is, and who may do what."""
    say(f"page: {here}/")
    if not local_only:
        say(f"for the network, to look: {network}/")
        whose = "visitors who show their own camera" if show.feed else "a screen that visitors touch"
        say(f"for {whose}: {network if show.feed else here}/#{show.keys.screen}")
        if not page.certfile:
            warn("without --certfile, everybody on the network can read the keys and the pictures on their way")
            if show.feed:
                warn("browsers give their camera to HTTPS pages and to localhost only: give --certfile")
    if page.token is None:
        if not local_only and kiosk:
            warn("without STREAMCAM_TOKEN the keys change at each start: screens and phones must be given the new ones")
        say(f"staff: {network}/staff#{show.keys.staff}")
    else:
        say(f"staff: {network}/staff, with the token")
    note("Ctrl-C ends it")
