"""Live sessions with a tiny model, and a writer that keeps what it is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from makers import models
from streamcam import Explanation, Frame, GradCAM, wrap_model
from streamcam.drawing.overlay import Overlay
from streamcam.live.controls import Controls
from streamcam.live.explainer import LiveExplainer
from streamcam.live.session import SessionLimit, run_session
from streamcam.live.stats import Stats


class Keep:
    """A writer that keeps what it sees."""

    def __init__(self, action: Callable[[int, Frame, Explanation | None], object] = lambda *_: None) -> None:
        self.shown: list[tuple[Frame, Explanation | None]] = []
        self.action = action

    def write(self, frame: Frame, explanation: Explanation | None) -> None:
        self.shown.append((frame, explanation))
        self.action(len(self.shown), frame, explanation)


def session(source: Any, *, controls: Any = None, writers: Any = (), limit: int | None = None, **options: Any) -> Stats:
    """A session to its end."""
    model = wrap_model(models.flat().model)
    controls = controls or Controls(Overlay(model.labels))
    stats = Stats(source)
    explain = LiveExplainer(lambda size: GradCAM(model, size=size, cache=False), controls, stats, **options)
    run_session(source, explain, controls, [*writers, stats, *([SessionLimit(limit, None)] if limit else [])], stats)
    return stats
