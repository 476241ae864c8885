"""Serves a live page: in the browser, what a model looks at in a camera's picture, until somebody ends it."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from streamcam.choices import Every
from streamcam.errors import MissingLibraryError, OptionError
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
    from streamcam.live.explainer import LiveExplainer
    from streamcam.live.stats import Stats
    from streamcam.live.summary import SessionStats
    from streamcam.models.classifier import Classifier
    from streamcam.protocols import LiveFeed, Steady
    from streamcam.web.addresses import Started
    from streamcam.web.booths import Booths
    from streamcam.web.live_page import LivePage


@dataclass(frozen=True, slots=True)
class Served:
    """What a live page did, when it has ended.

    Attributes:
        stats: counts, rates and delays of its last session; None where none began.
        viewers: how many viewers there were.
        encoded: how many frames were encoded for them.
        interrupted: whether Ctrl-C ended it.

    Example: ``serve(0, seconds=60).interrupted``.
    """

    stats: SessionStats | None
    viewers: int
    encoded: int
    interrupted: bool


def serve(
    source: str | int | Path = 0,
    *,
    model: ModelSettings = ModelSettings(),
    explain: ExplainSettings = ExplainSettings(),
    picture: PictureSettings = PAGE_PICTURE,
    capture: CaptureSettings = CaptureSettings(),
    page: PageSettings = PageSettings(),
    exhibit: ExhibitSettings = ExhibitSettings(),
    heat: HeatSettings = HeatSettings(),
    every: Every = "auto",
    seconds: float | None = None,
    stats: Path | None = None,
    started: Callable[[Started], object] = lambda _: None,
) -> Served:
    """Show on a page in the browser what a model looks at, live, until Ctrl-C or the end of the source.

    Nothing is stored, and nothing leaves the machine but to those who open the page.

    Args:
        source: a camera's number, a device path, a URL, a file, or ``browser`` for the cameras of whoever opens the page.
        model: which classifier.
        explain: what is explained, and how; one class, or two to compare.
        picture: how the heatmap is drawn at first; ``layout`` and ``hud`` are of the plain pictures at ``/stream.mjpg``.
        capture: how the source is opened and watched.
        page: where the page is, who may see it, and how.
        exhibit: for a page that runs without anybody near.
        heat: how raw evidence becomes shown heat.
        every: explain each Nth frame only, or (``auto``) those whose picture has changed by more than motion; without
            ``steady`` heat, which moves along, ``auto`` explains each.
        seconds: end after so long; None for never.
        stats: file for counts, rates and delays as JSON, written at the end.
        started: called once, when the page can be opened.

    Returns:
        What the page did.

    Raises:
        OptionError: a setting is outside its range, or settings do not go together.
        ModelError: the model cannot be loaded or explained.
        TargetError: the model has no such class.
        SourceError: the source cannot be one or, unless it is an exhibit's, gave nothing for ``capture.give_up_after``.
        SinkError: the page cannot be served at this address, or ``stats`` cannot be written.
        MissingLibraryError: the ``serve`` extra is not installed.

    Example::

        streamcam.serve("clip.mp4", capture=streamcam.CaptureSettings(loop=True), started=lambda where: print(where.address))
    """
    _check_libraries()
    _check_ranges(page, exhibit)
    from streamcam.backends.load import load_classifier
    from streamcam.live.summary import write_stats
    from streamcam.steady.heat import make_steady
    from streamcam.web.access import AccessKeys
    from streamcam.web.addresses import Started, is_local, page_addresses
    from streamcam.web.app import make_app
    from streamcam.web.languages import languages
    from streamcam.web.live_page import make_live_page
    from streamcam.web.origin import open_origin
    from streamcam.web.server import Server, check_certificate, listen
    from streamcam.web.systemd import notify

    steady = make_steady(heat)
    local_only = is_local(page.host)
    keys = AccessKeys(page.token, open_to_visitors=local_only, open_to_viewers=page.viewers == "open")
    picture = _with_known_colormap(picture)
    if page.certfile:
        check_certificate(page.certfile, page.keyfile)
    open_source = open_origin(source, capture, exhibit)

    with ExitStack() as stack:
        listening = stack.enter_context(listen(page.host, page.port))
        classifier = load_classifier(model, cache=explain.cache)
        known = languages(page.languages, classifier.labels)
        make = partial(
            make_live_page,
            page,
            exhibit,
            picture,
            explain,
            labels=classifier.labels,
            languages=tuple(known),
            keys=keys,
        )
        live_page = make(has_camera=open_source is not None)
        every = every if heat.steady or every != "auto" else 1
        run = _sessions(classifier, model, explain, steady=steady, names=heat.steady, every=every)
        booths = None if open_source else stack.enter_context(_booths(live_page, make, run, page))
        here, network = page_addresses(page, listening.getsockname()[1])
        where = Started(here, network, local_only, open_source is None, keys.screen, keys.staff)
        app = make_app(
            live_page,
            known,
            classifier.labels,
            hosts=page.allow_host,
            where=where,
            kiosk=exhibit.kiosk,
            drift=exhibit.kiosk and exhibit.drift,
            viewers=page.viewers,
            with_mjpeg=page.mjpeg,
            booths=booths,
        )
        server = Server(
            app,
            live_page,
            listening,
            booths=booths,
            proxies=page.proxy,
            certfile=page.certfile,
            keyfile=page.keyfile,
        )
        stack.enter_context(server)
        started(where)
        notify("READY=1")
        interrupted = False
        try:
            if open_source:
                run(live_page, open_source, seconds=seconds, retry=exhibit.kiosk)
            else:
                _wait(seconds)
        except KeyboardInterrupt:
            interrupted = True
        notify("STOPPING=1")
    counted, viewers, encoded = live_page.state.stats, live_page.audience.admitted, live_page.count("encoded")
    if stats and counted:
        write_stats(stats, counted.to_json() | {"encoded": encoded, "viewers": viewers})
    return Served(
        stats=counted.summary() if counted else None,
        viewers=viewers,
        encoded=encoded,
        interrupted=interrupted,
    )


class _Sessions(Protocol):
    def __call__(
        self, page: LivePage, open_source: Callable[[], LiveFeed], *, seconds: float | None = None, retry: bool = False
    ) -> None: ...


def _sessions(
    classifier: Classifier,
    model: ModelSettings,
    explain: ExplainSettings,
    *,
    steady: Steady,
    names: bool,
    every: Every,
) -> _Sessions:
    """What runs sessions on a page; all of them share the model."""
    from streamcam.live.explainer import LiveExplainer, preparation, sized_explainers
    from streamcam.live.session import SessionLimit
    from streamcam.steady.naming import SteadyNaming
    from streamcam.web.session import run_sessions

    explainers, prepare = sized_explainers(explain, classifier), preparation(model, explain)

    def run(
        page: LivePage, open_source: Callable[[], LiveFeed], *, seconds: float | None = None, retry: bool = False
    ) -> None:
        def explainer(stats: Stats) -> LiveExplainer:
            naming = SteadyNaming() if names else None
            return LiveExplainer(explainers, page.state.controls, stats, prepare=prepare, naming=naming, every=every)

        limit = SessionLimit(None, seconds)
        run_sessions(page, open_source, explainer, sinks=[limit], steady=steady, retry=retry)

    return run


@contextmanager
def _booths(live_page: LivePage, make: Callable[..., LivePage], run: _Sessions, page: PageSettings) -> Iterator[Booths]:
    """Where visitors show their own cameras."""
    from streamcam.web.booths import Booths
    from streamcam.web.turns import Turns

    turns = Turns(page.cameras or os.cpu_count() or 1, page.turn)
    one = partial(make, with_settings=False, has_camera=True)
    booths = Booths(live_page, one, lambda its_page, source: run(its_page, lambda: source), turns)
    live_page.parts = lambda: booths.running
    try:
        yield booths
    finally:
        booths.close()


def _wait(seconds: float | None) -> None:
    """Until Ctrl-C, or for so long."""
    end = None if seconds is None else time.monotonic() + seconds
    while end is None or time.monotonic() < end:
        time.sleep(0.2)


def _check_libraries() -> None:
    for name in ("prometheus_client", "segno", "starlette", "uvicorn", "websockets"):
        if find_spec(name) is None:
            raise MissingLibraryError(
                f"serve needs {name}, which is not installed; install it with: pip install 'streamcam[serve]'"
            )


def _check_ranges(page: PageSettings, exhibit: ExhibitSettings) -> None:
    for name, value, lowest, highest in (
        ("max-viewers", page.max_viewers, 1, math.inf),
        ("bandwidth", page.bandwidth, 0.1, math.inf),
        ("quality", page.quality, 10, 100),
        ("attract-after", exhibit.attract_after, 1, math.inf),
        ("idle-reset", exhibit.idle_reset, 1, math.inf),
    ):
        if not lowest <= value <= highest:
            raise OptionError(
                f"{name} {value:g}: must be {lowest} or more{f', at most {highest}' * (highest < math.inf)}"
            )


def _with_known_colormap(picture: PictureSettings) -> PictureSettings:
    from streamcam.live.controls import COLORMAPS

    colormap = picture.colormap.lower()
    if colormap not in COLORMAPS:
        raise OptionError(f"colormap {picture.colormap}: the page has {', '.join(COLORMAPS)}")
    return replace(picture, colormap=colormap)
