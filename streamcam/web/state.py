"""The state of the live page: what viewers may change, and the way back to the defaults."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamcam.live.controls import Controls
from streamcam.live.stats import Stats
from streamcam.protocols import LiveFeed
from streamcam.source_state import SourceState
from streamcam.sources.live.exhibit import ExhibitSource
from streamcam.types import Explanation
from streamcam.web.defaults import ChangeDefaults, PageDefaults
from streamcam.web.messages import Choose, Explain, Paint, Role, Status, Touch
from streamcam.web.rivals import Rivals
from streamcam.web.settings_file import read, set_aside, write

_log = logging.getLogger(__name__)


class PageState:
    """What the page shows at present, and what it goes back to.

    Args:
        controls: of the session.
        defaults: what is shown when no visitor has changed anything.
        languages: codes that a page can show.
        settings_file: where staff's changes are kept, None for in memory only. What it has already is applied; what
            cannot be used, or does not fit this model or these languages, is left out, a copy of the file is set aside,
            and ``trouble`` says so.
        idle_reset: seconds without a touch after which the defaults are back, None for never.
        clock: seconds that never go back.

    Attributes:
        resets: how often the defaults came back.
        restarts: sessions begun again because staff said so.
        failures: sessions begun again after an error.
        source: of the session, None before the first one.
        stats: of the session, None before the first one.
        parent: of the page that this one is a visitor's part of; it hears of each session.
        trouble: what was wrong with the settings file, or an empty text.
    """

    def __init__(
        self,
        controls: Controls,
        defaults: PageDefaults,
        languages: tuple[str, ...],
        *,
        settings_file: Path | None = None,
        idle_reset: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.controls, self._languages = controls, languages
        self._file, self._idle_reset, self._clock = settings_file, idle_reset, clock
        self.defaults = defaults
        self._touched: float | None = None
        self.resets = self.restarts = self.failures = 0
        self.stats: Stats | None = None
        self.source: LiveFeed | None = None
        self.is_preparing: Callable[[], bool] = lambda: False
        self.parent: PageState | None = None
        self.trouble = ""
        self.rivals: Rivals | None = None
        self._unknown: tuple[tuple[str, Any], ...] = ()
        if settings_file:
            self._restore(settings_file)

    def _restore(self, path: Path) -> None:
        kept = read(path)
        self._unknown = kept.unknown
        wrong = list(kept.wrong)
        for change in kept.changes:
            if reason := self.change_defaults(change):
                wrong.append(f"{', '.join(change.given())}: {reason}")
        if wrong:
            copy = set_aside(path)
            kept_as = f"; it is kept as {copy.name}" if copy else ""
            self.trouble = f"{path.name}: {'; '.join(wrong)}{kept_as}"
            _log.warning(f"{path}: {'; '.join(wrong)}; the usual settings are taken there{kept_as}")

    def begin(self, source: LiveFeed, stats: Stats, is_preparing: Callable[[], bool]) -> None:
        """A session begins."""
        self.source, self.stats, self.is_preparing = source, stats, is_preparing
        if self.parent:
            self.parent.begin(source, stats, is_preparing)

    def apply(self, command: Explain | Paint | Choose | Touch, role: Role) -> str:
        """Do what a visitor or staff asks for; returns why it is not done, or an empty string."""
        if role == "viewer":
            return "" if isinstance(command, Touch) else "locked"
        self._touched = self._clock()
        if isinstance(self.source, ExhibitSource):
            self.source.wake()
        if isinstance(command, Explain):
            return self._explain(command, role)
        if isinstance(command, Paint):
            self.controls.painted = command.dabs
        elif isinstance(command, Choose):
            self.controls.method = command.method
        return ""

    def _explain(self, command: Explain, role: Role) -> str:
        classes = tuple(dict.fromkeys(command.classes))
        known = len(self.controls.overlay.labels)
        if any(index >= known for index in classes):
            return "unknown class"
        offered = {*self.defaults.allowed, *self.defaults.tiles, *self.defaults.challenges}
        if role != "staff" and self.defaults.allowed and not offered.issuperset(classes):
            return "not allowed"
        self.rivals = Rivals() if command.rivals and not classes and known > 1 else None
        self.controls.ask(classes or (("top1", "top2") if self.rivals else ()))
        return ""

    def see(self, explanation: Explanation) -> None:
        """Note what the model says, for a comparison that goes on by itself. Called by the session."""
        if rivals := self.rivals:
            rivals.see(explanation)
            if (two := rivals.two()) and two != self.controls.targets and self.rivals is rivals:
                self.controls.ask(two)

    def change_defaults(self, change: ChangeDefaults) -> str:
        """Change the defaults, and show them; returns why not, or an empty string."""
        if change.language is not None and change.language not in self._languages:
            return "unknown language"
        classes = (*(change.allowed or ()), *(change.tiles or ()), *(change.challenges or ()))
        if classes and max(classes) >= len(self.controls.overlay.labels):
            return "unknown class"
        self.defaults = self.defaults.changed(change)
        self.reset()
        return ""

    def save(self) -> str:
        """Write the defaults to the settings file, if there is one; returns why not, or an empty string."""
        return write(self._file, self.defaults, self._unknown) if self._file else ""

    def reset(self) -> None:
        """Go back to the defaults."""
        self._touched = None
        self.resets += 1
        self.rivals, self.controls.painted = None, ()
        self.controls.ask(())
        self.defaults.apply_to(self.controls)

    def reset_when_idle(self) -> None:
        """Go back to the defaults if nobody has touched anything for long. To be called again and again."""
        if self._idle_reset and self._touched is not None and self._clock() - self._touched >= self._idle_reset:
            self.reset()

    def status(self) -> Status:
        """What every page must know."""
        state = self.source.state if self.source else SourceState("connecting")
        controls = self.controls
        return Status(
            phase="preparing" if state.phase == "live" and self.is_preparing() else state.phase,
            reason=state.reason if state.phase != "ended" else "",
            opens=state.opens,
            rivals=self.rivals is not None,
            painted=controls.painted,
            asked=tuple(target for target in controls.targets if isinstance(target, int)),
            method=controls.method,
            reset=self.resets,
            curated=self.defaults,
        )
