"""The explainer of a live session: explains what its controls say, and takes a smaller input where it is too slow."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import numpy as np

from streamcam.choices import Method
from streamcam.explain import GradCAM
from streamcam.live.controls import Controls, SessionEnd
from streamcam.live.stats import Stats
from streamcam.steady.naming import Naming
from streamcam.types import Explanation, Frame

Targets: TypeAlias = tuple[str | int, ...]
Prepare: TypeAlias = Callable[[int | None, tuple[int, int], Targets, Method, threading.Event], object]

_log = logging.getLogger(__name__)

# What the short side of the input may be cut down to, as parts of the model's own size, to reach a rate.
_SMALLER = (1.0, 0.8, 0.65, 0.5)
_SECONDS_TO_JUDGE = 3.0


class LiveExplainer:
    """Explains the newest frame with the classes and the formula that the controls name at that moment.

    Where a rate is asked for that the usual input size does not reach, it goes over to a smaller one.

    Args:
        explainer: gives an explainer for an input whose short side is this many pixels, or of the usual size for None.
        controls: which classes and which formula.
        stats: counts and times each explanation.
        target_fps: maps a second to reach by a smaller input where the usual one is too slow, and not to exceed.
        prepare: called before an explanation that needs a graph which is not converted yet, with the short side of the
            input (or None), ``(height, width)`` of the frames, the targets, the formula, and an event that is set when
            the explanation is not wanted any more.
        naming: where the controls ask for the most probable class, names one steadily.
    """

    def __init__(
        self,
        explainer: Callable[[int | None], GradCAM],
        controls: Controls,
        stats: Stats,
        *,
        target_fps: float | None = None,
        prepare: Prepare | None = None,
        naming: Naming | None = None,
    ) -> None:
        self._explainer = explainer
        self._current = explainer(None)
        self._controls, self._stats = controls, stats
        self._target_fps = target_fps
        self._prepare = prepare
        self._naming = naming
        self.is_preparing = False
        self._stopped = threading.Event()
        self._size: int | None = None
        self._ready: object = None
        self._preparing: threading.Thread | None = None
        self._step = 0
        self._next = 0.0
        self._slow: list[float] = []

    @property
    def current(self) -> GradCAM:
        """The explainer in use."""
        return self._current

    @property
    def labels(self) -> tuple[str, ...]:
        """One name a class."""
        return self._current.labels

    def __call__(self, frame: Frame) -> Explanation:
        """Explain one frame, not sooner after the last one than the target rate says."""
        time.sleep(max(0.0, self._next - time.perf_counter()))
        targets, method, explain = self._controls.targets, self._controls.method, self._current
        height, width = frame.image.shape[:2]
        wanted = self._size, (height, width), len(targets), method
        if wanted != self._ready:  # compiled before anything is timed
            self.is_preparing = True
            if self._prepare and not explain.is_prepared((height, width), len(targets), method):
                self._prepare(self._size, (height, width), targets, method, self._stopped)
            if self._stopped.is_set():
                raise SessionEnd
            explain.view(frame.image, len(targets), method)
            self._ready, self.is_preparing = wanted, False
        began = time.perf_counter()
        with self._stats.timed("explain"):
            if not (self._naming and self._controls.names_one):
                explanation = explain(frame, targets, method)
            else:
                explanation = explain(frame, self._naming.targets, method)
                self._naming.update(explanation.probabilities)
                if explanation.classes[0] != self._naming.held:
                    explanation = explain(frame, self._naming.targets, method)
        self._stats.count_explained()
        if self._target_fps:
            self._next = began + 0.97 / self._target_fps
            self._judge(time.perf_counter() - began, (height, width))
        return explanation

    def stop(self) -> None:
        """No explanation is wanted any more: one that is being prepared ends."""
        self._stopped.set()

    def stream(
        self, frames: Iterable[Frame], *, every: int = 1, naming: Naming | None = None
    ) -> Iterator[tuple[Frame, Explanation]]:
        """One after the other."""
        for frame in frames:
            yield frame, self(frame)

    def _judge(self, seconds: float, shape: tuple[int, int]) -> None:
        """Take a smaller input when explanations have been too slow for a while; the old one serves until it is ready."""
        assert self._target_fps
        self._slow.append(seconds)
        if sum(self._slow) < _SECONDS_TO_JUDGE and len(self._slow) < _SECONDS_TO_JUDGE * self._target_fps:
            return
        typical, self._slow = float(np.median(self._slow)), []
        if 1 / typical >= 0.95 * self._target_fps or self._step + 1 >= len(_SMALLER) or self._current.fit != "native":
            return
        if self._preparing and self._preparing.is_alive():
            return
        targets, method, size = (
            self._controls.targets,
            self._controls.method,
            round(min(self._explainer(None).size) * _SMALLER[self._step + 1]),
        )
        smaller = self._explainer(size)
        if self._prepare and self._preparing is None and not smaller.is_prepared(shape, len(targets), method):
            self._preparing = threading.Thread(
                target=self._prepare, args=(size, shape, targets, method, self._stopped), daemon=True
            )
            self._preparing.start()
            return
        self._current, self._size, self._preparing = smaller, size, None
        self._step += 1
        line = f"{1 / typical:.0f} maps a second: input reduced to {size} pixels to reach {self._target_fps:g}"
        self._controls.show_notice(line)
        _log.info(line)
