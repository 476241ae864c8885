"""What is on at the live page: who may change what, the curator's settings, and the way back to them."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from streamcam.choices import BlendMode, Method
from streamcam.errors import OptionError
from streamcam.live.controls import Controls
from streamcam.live.stats import Stats
from streamcam.protocols import LiveFeed
from streamcam.sinks.partial import write_whole
from streamcam.web.messages import Choose, Explain, Settings, Touch, parse

Role: TypeAlias = Literal["viewer", "visitor", "staff"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Curated:
    """What the page shows when nobody has changed anything.

    Attributes:
        language: of the page, a code as in the name of its file.
        colormap: one of ``controls.COLORMAPS``.
        alpha: the heatmap's opacity, 0…1.
        blend: see ``overlay.blend``.
        method: the formula of the heatmap.
        allowed: the class indices that visitors may ask for, none for all.
    """

    language: str = "en"
    colormap: str = "jet"
    alpha: float = 0.5
    blend: BlendMode = "uniform"
    method: Method = "gradcam"
    allowed: tuple[int, ...] = ()


class Stage:
    """The state of an exhibit or a live page.

    Args:
        controls: of the session.
        curated: the curator's settings.
        languages: codes that a page can show.
        settings_file: where staff's changes are kept, None for in memory only.
        idle_reset: seconds without a touch after which the curator's settings are back, None for never.
        clock: seconds that never go back.

    Raises:
        OptionError: the settings file cannot be read.
    """

    def __init__(
        self,
        controls: Controls,
        curated: Curated,
        languages: tuple[str, ...],
        *,
        settings_file: Path | None = None,
        idle_reset: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.controls, self._languages = controls, languages
        self._file, self._idle_reset, self._clock = settings_file, idle_reset, clock
        self.curated = curated
        self._touched: float | None = None
        self.resets = self.restarts = self.failures = 0
        self.stats: Stats | None = None
        self.source: LiveFeed | None = None
        self.is_preparing: Callable[[], bool] = lambda: False
        if settings_file and settings_file.exists():
            self._take_up(_read(settings_file))

    def _take_up(self, kept: Settings) -> None:
        """What was kept, one by one: what does not fit the model or the languages of today is said, and the rest holds."""
        for name, value in asdict(kept).items():
            if value is not None and (reason := self.change(Settings(**{name: value}))):
                _log.warning(f"{self._file}: {name} is left as it is ({reason}); look at the staff page")

    def begin(self, source: LiveFeed, stats: Stats, is_preparing: Callable[[], bool]) -> None:
        """A session begins."""
        self.source, self.stats, self.is_preparing = source, stats, is_preparing

    def obey(self, command: Explain | Choose | Touch, role: Role) -> str:
        """Do what a visitor or staff asks for; why it is not done, or an empty string."""
        if role == "viewer":
            return "" if isinstance(command, Touch) else "locked"
        self._touched = self._clock()
        if isinstance(command, Explain):
            known = len(self.controls.overlay.labels)
            if any(index >= known for index in command.classes):
                return "unknown class"
            if role != "staff" and self.curated.allowed and not set(command.classes) <= set(self.curated.allowed):
                return "not allowed"
            self.controls.ask(command.classes)
        elif isinstance(command, Choose):
            self.controls.method = command.method
        return ""

    def change(self, settings: Settings) -> str:
        """Change the curator's settings, and show them; why not, or an empty string."""
        if settings.language is not None and settings.language not in self._languages:
            return "unknown language"
        if settings.allowed and max(settings.allowed) >= len(self.controls.overlay.labels):
            return "unknown class"
        changed = {name: value for name, value in asdict(settings).items() if value is not None}
        self.curated = replace(self.curated, **changed)
        self.reset()
        return ""

    def keep(self) -> str:
        """Write the curator's settings to their file, if there is one; why not, or an empty string."""
        if self._file is None:
            return ""
        try:
            write_whole(self._file, json.dumps(asdict(self.curated), indent=2) + "\n")
        except OSError as error:
            _log.warning(f"{self._file}: the settings cannot be kept ({error.strerror})")
            return "not kept"
        return ""

    def reset(self) -> None:
        """Back to the curator's settings."""
        self._touched = None
        self.resets += 1
        self.controls.ask(())
        self.controls.method = self.curated.method
        self.controls.overlay = replace(
            self.controls.overlay,
            colormap=self.curated.colormap,
            alpha=self.curated.alpha,
            mode=self.curated.blend,
        )

    def look_at_the_clock(self) -> None:
        """Reset what nobody has touched for long. To be called now and then."""
        if self._idle_reset and self._touched is not None and self._clock() - self._touched >= self._idle_reset:
            self.reset()

    def to_json(self) -> dict[str, Any]:
        """What every page must know."""
        phase = self.source.state.phase if self.source else "connecting"
        return {
            "phase": "preparing" if phase == "live" and self.is_preparing() else phase,
            "asked": [target for target in self.controls.targets if isinstance(target, int)],
            "method": self.controls.method,
            "reset": self.resets,
            "curated": asdict(self.curated),
        }


def _read(path: Path) -> Settings:
    try:
        settings = parse(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"do": "settings"}))
    except (OSError, ValueError, TypeError) as error:
        raise OptionError(f"{path}: cannot be read as settings ({error}); delete it to begin anew") from error
    assert isinstance(settings, Settings)
    return settings
