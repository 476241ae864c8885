"""Runs live sessions on the page: a new one when staff ask for it or, at an exhibit, after an error."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from streamcam.errors import OptionError, StreamcamError
from streamcam.live.explainer import LiveExplainer
from streamcam.live.session import run_session
from streamcam.live.stats import Stats
from streamcam.protocols import LiveFeed, Steady, Writer
from streamcam.web.live_page import LivePage

_RETRY_PAUSE = 5.0  # seconds between a failure and the next attempt

_log = logging.getLogger(__name__)


def run_sessions(
    page: LivePage,
    open_source: Callable[[], LiveFeed],
    explainer: Callable[[Stats], LiveExplainer],
    *,
    sinks: Sequence[Writer] = (),
    steady: Steady | None = None,
    retry: bool = False,
) -> None:
    """Run one session after the other, until the source or a sink ends one.

    Args:
        page: shows the sessions and can end one.
        open_source: opens the source of a session.
        explainer: makes the explainer of a session.
        sinks: take the frames besides the page.
        steady: from raw explanations to shown heat, see ``streamcam.run``.
        retry: whether to go on after an error that is no wrong setting, after a pause.
    """
    while True:
        page.sink.begin()
        try:
            with open_source() as source:
                stats = Stats(source)
                explain = explainer(stats)
                page.state.begin(source, stats, lambda explain=explain: explain.is_preparing)  # type: ignore[misc]
                run_session(
                    source,
                    explain,
                    page.state.controls,
                    [page.sink, stats, *sinks],
                    stats,
                    steady=steady,
                    overlay=page.sink,
                )
            if not page.sink.is_ending:
                return
        except OptionError:
            raise
        except Exception as error:
            if not retry:
                raise
            known = isinstance(error, StreamcamError)
            _log.warning(
                f"{error if known else f'{type(error).__name__}: {error}'}; beginning again in {_RETRY_PAUSE:g} s"
            )
            page.state.failures += 1
            time.sleep(_RETRY_PAUSE)
