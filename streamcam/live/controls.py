"""What people can change while a live session runs: the explained class, the method, the colours, freezing, recording."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, TypeVar, get_args

from streamcam.choices import Layout, Method
from streamcam.drawing.overlay import Overlay
from streamcam.types import Explanation

T = TypeVar("T")

# Told apart by people with any kind of colour vision, but for the classic and first one.
COLORMAPS = ("jet", "turbo", "inferno", "viridis", "cividis")
_NOTICE_SECONDS = 3.0


class SessionEnd(Exception):
    """Raised by a sink when the session is to end: a key, a closed window, enough frames."""


class Controls:
    """What is to be shown and explained at this moment. Each attribute is replaced as a whole: other threads see the old
    value or the new one.

    Attributes:
        overlay: how heat is drawn.
        targets: the classes to explain, each a rank, a label or an index.
        method: the formula of the heatmap.
        checking: whether it is measured what covering the hottest places costs the class.
        locked: whether a class stays explained when another becomes more probable.
        frozen: whether the picture stands still.
        recording: whether a recording is wanted.
        painted: what people have painted over, see ``live.paint``.
        helping: whether the keys are listed on the picture.
    """

    def __init__(
        self,
        overlay: Overlay,
        *,
        targets: tuple[str | int, ...] = ("top1",),
        method: Method = "gradcam",
        methods: tuple[Method, ...] = get_args(Method),
        checking: bool = False,
    ) -> None:
        self.overlay = overlay
        self.targets = targets
        self.method: Method = method
        self.checking = checking
        self.locked = False
        self.frozen = False
        self.painted: tuple[tuple[float, float, float], ...] = ()
        self.recording = False
        self.helping = False
        self._methods = methods
        self._usual_targets = targets
        self._usual_method: Method = method
        self._notice = ("", 0.0)

    @property
    def names_one(self) -> bool:
        """Whether the most probable class is to be explained."""
        return self.targets == ("top1",)

    @property
    def notice(self) -> str:
        """The line that is shown at the moment, or an empty one."""
        text, until = self._notice
        return text if time.monotonic() < until else ""

    def to_json(self) -> dict[str, Any]:
        """How the picture is drawn now."""
        overlay = self.overlay
        return {
            "layout": overlay.layout,
            "colormap": overlay.colormap,
            "alpha": overlay.alpha,
            "blend": overlay.mode,
            "locked": self.locked,
            "frozen": self.frozen,
        }

    def show_notice(self, text: str) -> None:
        """Show a line for a few seconds."""
        self._notice = text, time.monotonic() + _NOTICE_SECONDS

    def ask(self, targets: tuple[str | int, ...]) -> None:
        """Explain these classes; ``()`` for those that were asked for at first."""
        self.targets, self.locked = targets or self._usual_targets, bool(targets)

    def reset(self) -> None:
        """Explain what was asked for at first, in the way that was."""
        self.ask(())
        self.painted = ()
        self.method, self.frozen = self._usual_method, False

    def explain_rank(self, rank: int) -> None:
        """Explain the class that is most probable (1), second (2), and so on."""
        if rank > len(self.overlay.labels):
            self.show_notice(f"the model has {len(self.overlay.labels)} classes")
            return
        self.targets, self.locked = (f"top{rank}",), False
        self.show_notice(f"explaining number {rank}")

    def toggle_lock(self, explanation: Explanation | None) -> None:
        """Keep explaining the classes that are explained now, or go back to what was asked for at first."""
        if self.locked or explanation is None:
            self.targets, self.locked = self._usual_targets, False
            self.show_notice("unlocked")
        else:
            self.targets, self.locked = tuple(int(index) for index in explanation.classes), True
            self.show_notice("locked")

    def next_method(self) -> None:
        """The next formula, where the explainer has several."""
        if not self._methods:
            self.show_notice("this explainer has one method")
            return
        self.method = _after(self.method, self._methods)
        self.show_notice(self.method)

    def toggle_check(self) -> None:
        """Measure what covering the hottest places costs the class, or not; an explainer of one's own cannot."""
        self.checking = bool(self._methods) and not self.checking
        self.show_notice("covering what is hot" if self.checking else "covering nothing")

    def refuse_method(self, refused: Method, reason: str, instead: Method) -> None:
        """Go back to another formula from one that the model cannot be explained by; ``next_method`` passes it over."""
        self._methods = tuple(method for method in self._methods if method != refused)
        self.method = instead if self.method == refused else self.method
        self.show_notice(reason)

    def next_colormap(self) -> None:
        """The next colour map."""
        self.overlay = replace(self.overlay, colormap=_after(self.overlay.colormap, COLORMAPS))
        self.show_notice(self.overlay.colormap)

    def change_opacity(self, by: float) -> None:
        """More or less of the heat, between none and all."""
        self.overlay = replace(self.overlay, alpha=round(min(1.0, max(0.0, self.overlay.alpha + by)), 2))
        self.show_notice(f"opacity {self.overlay.alpha:.0%}")

    def next_layout(self) -> None:
        """The next of the layouts, and around again."""
        self.overlay = replace(self.overlay, layout=_after(self.overlay.layout, get_args(Layout)))
        self.show_notice(self.overlay.layout)

    def toggle_freeze(self) -> None:
        """Let the picture stand still, or move again."""
        self.frozen = not self.frozen

    def toggle_recording(self) -> None:
        """Begin a recording, or end it."""
        self.recording = not self.recording

    def toggle_help(self) -> None:
        """List the keys, or not."""
        self.helping = not self.helping


def _after(current: T, choices: tuple[T, ...]) -> T:
    return choices[(choices.index(current) + 1) % len(choices)] if current in choices else choices[0]
