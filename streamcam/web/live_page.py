"""The live page as one object, which its session, its connections and its server share."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence

from streamcam.drawing.overlay import make_overlay
from streamcam.errors import OptionError
from streamcam.explainers.targets import NO_CLASS, resolve_targets
from streamcam.live.controls import Controls
from streamcam.settings import ExhibitSettings, ExplainSettings, PageSettings, PictureSettings
from streamcam.web.access import AccessKeys
from streamcam.web.audience import Audience
from streamcam.web.broadcast import Broadcast
from streamcam.web.defaults import PageDefaults
from streamcam.web.doors import Doors
from streamcam.web.health import CameraWatch, Condition
from streamcam.web.messages import Health, Update
from streamcam.web.page import PageSink
from streamcam.web.state import PageState

COUNTS = ("received", "encoded", "encoded_mjpeg")  # of a sink
# Connections of one address besides as many as there are places: after a restart all viewers come back at once.
_AT_ONCE = 50
_MAX_SILENCE = 10.0  # seconds without a frame after which something is wrong
_MAX_UNSEEN = 30.0  # seconds without a painted picture, though there are viewers


class LivePage:
    """One live page: its sink, its state, its viewers.

    Args:
        sink: takes the session's frames.
        state: what people may change.
        audience: the viewers.
        keys: what tells visitors and staff from others.
        has_camera: whether it shows a camera of this machine, rather than visitors their own.
        doors: what connections come through.
        fail_after: seconds without the camera until that counts as failing.

    Attributes:
        camera: how the camera does.
        parts: gives the pages of visitors that show their own cameras at the moment.
        updates: brings each new state to the connections, encoded.
        announced: the state that was sent last, encoded.
        malformed: how many messages were none of our pages'.
        run: changes when the program is started again.
    """

    def __init__(
        self,
        sink: PageSink,
        state: PageState,
        audience: Audience,
        keys: AccessKeys,
        *,
        has_camera: bool = True,
        doors: Doors,
        fail_after: float = 300.0,
    ) -> None:
        self.sink, self.state, self.audience, self.keys = sink, state, audience, keys
        self.has_camera = has_camera
        self.parts: Callable[[], list[LivePage]] = list
        self._left = dict.fromkeys(COUNTS, 0)
        self.doors = doors
        sink.listen(state.see)
        self.camera = CameraWatch(fail_after)
        self.updates: Broadcast[str] = Broadcast()
        self.announced = ""
        self.malformed = 0
        self.run = secrets.token_hex(8)

    @property
    def is_healthy(self) -> bool:
        """Whether frames pass, and reach the viewers."""
        if not self.has_camera:
            return all(part.is_healthy for part in self.parts())
        now = time.monotonic()
        seen = now - max(self.sink.last_painted, self.audience.last_admitted) < _MAX_UNSEEN
        is_shown = seen or not self.audience.connected
        return is_shown and now - self.sink.last_received < _MAX_SILENCE

    def count(self, name: str) -> int:
        """One of ``COUNTS``, of this page and of its parts, those that are gone too."""
        own: int = getattr(self.sink, name)
        return own + self._left[name] + sum(part.count(name) for part in self.parts())

    def add_counts(self, part: LivePage) -> None:
        """A part is gone."""
        for name in COUNTS:
            self._left[name] += part.count(name)

    def look(self) -> None:
        """Note how the camera does. To be called again and again."""
        if self.state.source and self.has_camera:  # visitors' cameras come and go as they like
            self.camera.look(self.state.source.state)

    @property
    def condition(self) -> Condition:
        """In a word."""
        return self.camera.condition if self.is_healthy else "stalled"

    def painted(self, at: float) -> None:
        """A viewer's screen shows the frame of this time, in seconds from the start of the source."""
        self.sink.last_painted = time.monotonic()
        if self.state.stats:
            self.state.stats.painted(at)

    @property
    def has_changed(self) -> bool:
        """Whether the pages do not know the state yet."""
        return self.announced != self._encoded_state()

    def announce(self) -> None:
        """Send the state to every page."""
        self.announced = self._encoded_state()
        self.updates.post(self.announced)

    def _encoded_state(self) -> str:
        return Update(state=self.state.status()).encoded()

    def health(self) -> Health:
        """How the session does."""
        source, stats = self.state.source, self.state.stats
        return Health(
            status=self.condition,
            reason=self.camera.reason,
            silent=round(self.camera.silent, 1),
            settings=self.state.trouble,
            phase=source.state.phase if source else "connecting",
            viewers=self.audience.connected,
            fps=round(stats.camera_rate.value, 1) if stats else 0.0,
            maps_per_second=round(stats.explain_rate.value, 1) if stats else 0.0,
            delay_ms=stats.stages["page"].to_json() if stats else {},
            reconnects=source.counts.reconnects if source else 0,
            stalls=source.counts.stalls if source else 0,
            restarts=self.state.restarts,
            failures=self.state.failures,
        )


def make_live_page(
    page: PageSettings,
    exhibit: ExhibitSettings,
    picture: PictureSettings,
    explain: ExplainSettings,
    *,
    labels: tuple[str, ...],
    languages: tuple[str, ...],
    keys: AccessKeys,
    has_camera: bool,
    with_settings: bool = True,
) -> LivePage:
    """A live page by its settings.

    Args:
        page: who may see it, and how.
        exhibit: which classes visitors may ask for, where staff's changes are kept, when they are shown again.
        picture: how the heatmap is drawn at first.
        explain: what is explained at first.
        labels: one name a class.
        languages: codes that the page can show.
        keys: what tells visitors and staff from others.
        has_camera: whether it shows a camera of this machine.
        with_settings: whether what staff have kept is read, and kept again.

    Raises:
        OptionError: a setting that the page, the model or the settings file does not allow.
        TargetError: the model has no such class.
    """
    if page.language not in languages:
        raise OptionError(f"language {page.language}: there is {', '.join(languages)}; bring others with --languages")
    allowed = tuple(int(row[0]) for row in resolve_targets(exhibit.allow, labels)) if exhibit.allow else ()
    if any(index < 0 for index in allowed):
        raise OptionError("allow: takes labels and class indices, no ranks")
    targets = _page_targets(explain.targets, labels)
    overlay = make_overlay(picture, labels)
    controls = Controls(overlay, targets=targets, method=explain.method, checking=explain.check)
    state = PageState(
        controls,
        PageDefaults.of(controls, language=page.language, allowed=allowed),
        languages,
        settings_file=exhibit.settings if with_settings else None,
        idle_reset=exhibit.idle_reset if exhibit.kiosk else None,
    )
    return LivePage(
        PageSink(controls, page.quality),
        state,
        Audience(page.max_viewers, page.bandwidth * 1e6),
        keys,
        has_camera=has_camera,
        doors=Doors(page.per_address or page.max_viewers + _AT_ONCE, page.proxy),
        fail_after=page.fail_after,
    )


def _page_targets(targets: Sequence[str | int], labels: tuple[str, ...]) -> tuple[str | int, ...]:
    """Ranks as they are, and classes by their indices, by which pages name them."""
    rows = resolve_targets(targets, labels)
    if any(versus != NO_CLASS or sign < 0 for _, versus, sign in rows):
        raise OptionError("target: the page explains classes; 'vs' and 'not' are for annotate and live")
    if len(rows) > 2:
        raise OptionError("target: the page compares two classes at most")
    return tuple(int(row[0]) if row[0] >= 0 else target for row, target in zip(rows, targets, strict=True))
