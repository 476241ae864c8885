"""Session after session: what the page shows, begun again where staff say so or, at an exhibit, where something failed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from streamcam.errors import OptionError, StreamcamError
from streamcam.live.explainer import LiveExplainer
from streamcam.live.session import run_session
from streamcam.live.stats import Stats
from streamcam.protocols import LiveFeed, Steady, Writer
from streamcam.web.viewer import Show

_PAUSE = 5.0  # seconds between a failure and the next attempt

_log = logging.getLogger(__name__)


def present(
    show: Show,
    open_source: Callable[[], LiveFeed],
    explainer: Callable[[Stats], LiveExplainer],
    *,
    sinks: Sequence[Writer] = (),
    steady: Steady | None = None,
    tireless: bool = False,
) -> None:
    """Show a source on the page, session after session.

    Args:
        show: the page and who looks on.
        open_source: opens the source of a session.
        explainer: makes the explainer of a session.
        sinks: who else takes the frames.
        steady: from raw explanations to shown heat, see ``run``.
        tireless: go on after an error that is no wrong setting, after a pause.
    """
    while True:
        show.page.begin()
        try:
            with open_source() as source:
                stats = Stats(source)
                explain = explainer(stats)
                show.stage.begin(source, stats, lambda explain=explain: explain.is_preparing)  # type: ignore[misc]
                run_session(
                    source,
                    explain,
                    show.stage.controls,
                    [show.page, stats, *sinks],
                    stats,
                    steady=steady,
                    overlay=show.page,
                )
            if not show.page.is_ending:
                return
        except OptionError:
            raise
        except Exception as error:
            if not tireless:
                raise
            known = isinstance(error, StreamcamError)
            _log.warning(f"{error if known else f'{type(error).__name__}: {error}'}; beginning again in {_PAUSE:g} s")
            show.stage.failures += 1
            time.sleep(_PAUSE)
