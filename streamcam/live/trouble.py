"""Say why a live session has no picture, for whoever sees no window: one line for each reason, and one when it is over."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from streamcam.protocols import LiveFeed
from streamcam.source_state import SourceState
from streamcam.types import Explanation, Frame

_log = logging.getLogger(__name__)

_WORTH_A_LINE = 1.0  # seconds without a picture
_AGAIN_AFTER = 60.0  # seconds until the same reason is worth another line, where pictures came meanwhile


class TroubleTeller:
    """A writer that looks at each frame how its source is doing, and logs what changes.

    Args:
        source: whose frames they are.
        clock: seconds that never go back.
    """

    def __init__(self, source: LiveFeed, clock: Callable[[], float] = time.monotonic) -> None:
        self._source, self._clock = source, clock
        self._since: float | None = None
        self._told: dict[str, float] = {}
        self._last = ""

    def write(self, frame: Frame, explanation: Explanation | None) -> None:
        """Look once."""
        state, now = self._source.state, self._clock()
        if frame.fresh:
            if self._last:
                _log.info(f"{self._source.name}: pictures come")
            self._since, self._last = None, ""
        elif state.reason and state.phase != "ended":
            self._since = now if self._since is None else self._since
            if now - self._since >= _WORTH_A_LINE and state.reason != self._last:
                self._tell(state, now)

    def _tell(self, state: SourceState, now: float) -> None:
        if now - self._told.get(state.reason, -_AGAIN_AFTER) < _AGAIN_AFTER:
            return
        self._told = {reason: at for reason, at in self._told.items() if now - at < _AGAIN_AFTER} | {state.reason: now}
        self._last = state.reason
        ending = "; trying again" if state.phase == "retrying" else ""
        _log.info(f"{self._source.name}: no picture: {state.reason}{ending}")
