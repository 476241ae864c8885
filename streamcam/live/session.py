"""A live session: a live source, an explainer that follows people's wishes, and sinks, until somebody ends it."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import TypeAlias

import numpy as np

from streamcam.choices import Method
from streamcam.explain import GradCAM
from streamcam.explain.gradcam import make_explainer
from streamcam.explain.prepare import prepare
from streamcam.live.controls import Controls, SessionEnd
from streamcam.live.stats import Stats
from streamcam.models import Classifier
from streamcam.pipeline.explaining import explain_frame
from streamcam.pipeline.run import newest_frame, run
from streamcam.protocols import Drawing, LiveFeed, Naming, Steady, Writer
from streamcam.settings import ExplainSettings, ModelSettings
from streamcam.system.cache import default_folder
from streamcam.types import Explanation, Frame, Header, Targets, UInt8Array

Prepare: TypeAlias = Callable[[int | None, tuple[int, int], Targets, Method, threading.Event], object]

_log = logging.getLogger(__name__)

# What the short side of the input may be cut down to, as parts of the model's own size, to reach a rate.
_SMALLER = (1.0, 0.8, 0.65, 0.5)
_SECONDS_TO_JUDGE = 3.0


class Steered:
    """An explainer that asks for what the controls say, and can trade detail for a rate.

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
            naming = self._naming if self._controls.names_one else None

            def start(frame: Frame, chosen: Targets | None) -> Callable[[], Explanation]:
                return explain.start(frame, chosen or targets, method)

            explanation = explain_frame(start, frame, naming)
        self._stats.count_explained()
        if self._target_fps:
            self._next = began + 0.97 / self._target_fps
            self._judge(time.perf_counter() - began, (height, width))
        return explanation

    def stop(self) -> None:
        """No explanation is wanted any more: one that is being prepared ends."""
        self._stopped.set()

    in_flight = 1

    def start(self, frame: Frame, targets: Targets | None = None) -> Callable[[], Explanation]:
        """See ``Explainer``; the controls say what is explained."""
        return lambda: self(frame)

    def describe(self) -> Header:
        """See ``Explainer``."""
        return self._current.describe()

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
        self._controls.tell(line)
        _log.info(line)


def sized_explainers(settings: ExplainSettings, classifier: Classifier) -> Callable[[int | None], GradCAM]:
    """Explainers by the short side of their input, None for the usual one: one core is left to the picture."""
    threads = settings.threads or max(1, (os.cpu_count() or 2) - 1)

    @cache
    def explainer(size: int | None) -> GradCAM:
        return make_explainer(replace(settings, threads=threads, size=size or settings.size), classifier)

    return explainer


def preparation(model: ModelSettings, explain: ExplainSettings) -> Prepare | None:
    """Converts graphs in another process, which holds up nothing, where there is a cache to find them in."""
    if not explain.cache:
        return None

    def convert(
        size: int | None, shape: tuple[int, int], targets: Targets, method: Method, stopped: threading.Event
    ) -> None:
        wanted = replace(explain, method=method, targets=tuple(targets), size=size or explain.size)
        prepare(model, wanted, shape, cache=default_folder(), stopped=stopped)

    return convert


class LivePicture:
    """Draws what the controls say.

    Args:
        controls: with the overlay.
        stats: times the drawing.
    """

    def __init__(self, controls: Controls, stats: Stats) -> None:
        self._controls, self._stats = controls, stats

    def draw(self, image: UInt8Array, explanation: Explanation) -> UInt8Array:
        """A new picture of the same size."""
        with self._stats.timed("draw"):
            return self._controls.overlay.draw(image, explanation)


class Limit:
    """Ends the session after a number of frames or seconds. Stands after all other sinks.

    Args:
        frames: how many may be shown, or None.
        seconds: how long it may last, or None.
    """

    def __init__(self, frames: int | None, seconds: float | None) -> None:
        self._frames = frames
        self._end = time.monotonic() + seconds if seconds else None

    def write(self, frame: Frame, explanation: Explanation | None) -> None:
        """Count one. Raises ``SessionEnd`` when it is enough."""
        if self._frames is not None and frame.fresh:
            self._frames -= 1
        if self._frames == 0 or (self._end and time.monotonic() >= self._end):
            raise SessionEnd


def held(frames: Iterable[Frame], controls: Controls) -> Iterator[Frame]:
    """The frames; while the picture is frozen, the frozen one with the times of the others."""
    image: UInt8Array | None = None
    for frame in frames:
        image = frame.image if image is None or not controls.frozen else image
        yield replace(frame, image=image) if controls.frozen else frame


def watch(
    source: LiveFeed,
    explain: Steered,
    controls: Controls,
    sinks: Sequence[Writer],
    stats: Stats,
    *,
    steady: Steady | None = None,
    overlay: Drawing | None = None,
) -> None:
    """Show a live source, drawn as the controls say if not otherwise, until a sink, the source or Ctrl-C ends it."""

    def frames() -> Iterator[Frame]:
        try:
            yield from held(stats.captured(source), controls)
        finally:  # closed before anybody waits for the explainer
            explain.stop()

    try:
        run(
            frames(),
            explain,
            sinks,
            overlay=overlay or LivePicture(controls, stats),
            policy=newest_frame,
            steady=steady,
        )
    except SessionEnd:
        pass
    finally:
        source.close()
