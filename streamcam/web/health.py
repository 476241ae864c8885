"""How a live page does: whether its camera gives pictures, whether they reach the viewers, and since when not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, TypeAlias

from streamcam.source_state import SourceState

Condition: TypeAlias = Literal["ok", "degraded", "failing", "stalled"]
CONDITIONS: tuple[Condition, ...] = ("ok", "degraded", "failing", "stalled")


class CameraWatch:
    """Notes since when the camera gives no pictures, and why. To be told its state again and again.

    Args:
        fail_after: seconds without the camera until that counts as failing.
        clock: seconds that never go back.
    """

    def __init__(self, fail_after: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._fail_after, self._clock = fail_after, clock
        self._since: float | None = None
        self.reason = ""

    def look(self, state: SourceState) -> None:
        """The camera is in this state."""
        if state.phase in ("closed", "ended"):
            self.reason = ""
        else:
            self.reason = state.reason if state.phase == "attracting" else state.notice
        if not self.reason:
            self._since = None
        elif self._since is None:
            self._since = self._clock()

    @property
    def silent(self) -> float:
        """Seconds since the camera had trouble, 0 where it has none."""
        return 0.0 if self._since is None else self._clock() - self._since

    @property
    def condition(self) -> Condition:
        """``ok``; ``degraded`` while the camera gives no pictures; ``failing`` once that has lasted."""
        if self._since is None:
            return "ok"
        return "failing" if self.silent >= self._fail_after else "degraded"
