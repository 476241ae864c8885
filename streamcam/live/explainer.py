"""Explainers for live sessions: each explanation follows what people have chosen, and a wanted rate can be kept."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np

from streamcam.choices import Every, Method
from streamcam.errors import ModelError
from streamcam.explainers.gradcam import GradCAM
from streamcam.explainers.make import make_explainer
from streamcam.explainers.prepare import prepare
from streamcam.live.controls import Controls, SessionEnd
from streamcam.live.stats import Stats
from streamcam.models.classifier import Classifier
from streamcam.pipeline.clips import ClipExplainer
from streamcam.pipeline.explaining import Start, explain_frame
from streamcam.pipeline.following import ClipFollower
from streamcam.protocols import Explainer, Naming, Watching
from streamcam.settings import ExplainSettings, ModelSettings
from streamcam.steady.renewal import Renewal
from streamcam.system.cache import default_folder
from streamcam.types import Explanation, Frame, Header, Targets

Prepare: TypeAlias = Callable[[int | None, tuple[int, int], Targets, Method, threading.Event], object]

E = TypeVar("E", bound=Explainer)

_log = logging.getLogger(__name__)

# What the short side of the input may be cut down to, as parts of the model's own size, to reach a rate.
_SMALLER = (1.0, 0.8, 0.65, 0.5)
_SECONDS_TO_JUDGE = 3.0


class ControlledExplainer(Generic[E]):
    """Any explainer in a live session: explains the classes that the controls name, and counts and times it.

    Args:
        explain: the explainer.
        controls: which classes; ``()`` for those of the explainer.
        stats: counts and times each explanation.
        target_fps: explanations a second that are not to be exceeded.
        naming: where the controls ask for the most probable class, names one steadily.
        every: explain each Nth fresh frame only, or (``auto``) the newest when its picture has changed or something else
            is asked for, see ``Renewal``.

    Attributes:
        current: the explainer in use.
        step: which of the fresh frames it is to be given: each so manyth.
        is_preparing: whether it is being made ready, and no explanation can come yet.
    """

    in_flight = 1

    def __init__(
        self,
        explain: E,
        controls: Controls,
        stats: Stats,
        *,
        target_fps: float | None = None,
        naming: Naming | None = None,
        every: Every = 1,
    ) -> None:
        self.current = explain
        self._follower: ClipFollower | None = None
        self._following_on = threading.Lock()
        if isinstance(explain, ClipExplainer | Watching) and every == "auto":
            every = 1  # of a clip, the newest picture alone does not tell whether something has changed
        self.step = 1 if every == "auto" else every
        self._renewal = Renewal() if every == "auto" else None
        self._last: Explanation | None = None
        self.is_preparing = False
        self._controls, self._stats, self._naming = controls, stats, naming
        self._target_fps = target_fps
        self._next = 0.0

    @property
    def labels(self) -> tuple[str, ...]:
        """One name a class."""
        return self.current.labels

    def describe(self) -> Header:
        """See ``Explainer``."""
        return self.current.describe()

    @property
    def input_size(self) -> int | None:
        """Short side of the model's input in pixels; None where the explainer does not say."""
        size: int | None = self.describe().get("size")
        return size

    def watch(self, frame: Frame) -> None:
        """See ``Watching``, for an explainer that must see each frame."""
        explain = self._following()
        if isinstance(explain, Watching):
            explain.watch(frame)

    def _following(self) -> Any:
        """The explainer in use; where it looks at clips, with the frames of this session alone."""
        explain = self.current
        if not isinstance(explain, ClipExplainer):
            return explain
        with self._following_on:  # one thread watches, another explains
            if self._follower is None or self._follower.explain is not explain:
                self._follower = ClipFollower(explain)
            return self._follower

    def start(self, frame: Frame, targets: Targets | None = None) -> Callable[[], Explanation]:
        """See ``Explainer``; what is explained is for the controls to say."""
        return lambda: self.explain(frame)

    def explain(self, frame: Frame) -> Explanation:
        """Explain one frame, not sooner after the last one than the target rate says; or the last explanation, where it
        is to be carried on.
        """
        asked = self._asked()
        start = self._prepared(frame)
        naming = self._naming if self._controls.names_one else None
        if self._renewal and not self._renewal.due(frame, self._known, named=naming is not None, asked=asked):
            return self._known()
        time.sleep(max(0.0, self._next - time.perf_counter()))
        began = time.perf_counter()
        with self._stats.timed("explain"):
            self._last = explanation = explain_frame(start, frame, naming)
        self._stats.count_explained()
        if self._target_fps:
            self._next = began + 0.97 / self._target_fps
            height, width = frame.image.shape[:2]
            self._judge(time.perf_counter() - began, (height, width))
        return explanation

    def _known(self) -> Explanation:
        assert self._last is not None
        return self._last

    def _asked(self) -> object:
        """What a map depends on besides the picture."""
        return self.current, self._controls.targets

    def _prepared(self, frame: Frame) -> Start:
        """Ready to explain a frame: whatever takes long once is done before anything is timed."""
        explain, targets = self._following(), self._controls.targets or None
        return lambda frame, chosen: explain.start(frame, chosen or targets)

    def _judge(self, seconds: float, shape: tuple[int, int]) -> None:
        """Take note of how long an explanation of a frame of ``(height, width)`` took."""

    def stop(self) -> None:
        """No explanation is wanted any more: one that is being prepared ends."""


class LiveExplainer(ControlledExplainer[GradCAM]):
    """Grad-CAM in a live session: with the controls' formula too, prepared elsewhere, and at a wanted rate.

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
        every: see ``ControlledExplainer``.
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
        every: Every = 1,
    ) -> None:
        super().__init__(explainer(None), controls, stats, target_fps=target_fps, naming=naming, every=every)
        self._sized = explainer
        self._prepare = prepare
        self._stopped = threading.Event()
        self._size: int | None = None
        self._ready: object = None
        self._worked: Method | None = None
        self._preparing: threading.Thread | None = None
        self._step = 0
        self._slow: list[float] = []

    def describe(self) -> Header:
        """See ``Explainer``; the formula is that of the controls."""
        return self.current.describe(self._controls.method)

    def _asked(self) -> object:
        """What an explanation depends on besides the picture."""
        return super()._asked(), self._controls.method, self._controls.checking

    def _prepared(self, frame: Frame) -> Start:
        """Compiled for the frame. Raises ``SessionEnd`` when it is stopped meanwhile.

        A formula that the model cannot be explained by is not gone over to: the last one that worked stays, at first the
        explainer's own, and a notice says why.
        """
        method = self._controls.method
        try:
            return self._compiled(frame, method)
        except ModelError as error:
            usual = self._worked or self.current.method
            if usual == method:
                raise
            _log.warning(str(error))
            self._controls.refuse_method(method, str(error), usual)
            return self._compiled(frame, usual)
        finally:
            self.is_preparing = False

    def _compiled(self, frame: Frame, method: Method) -> Start:
        targets, explain = self._controls.targets, self.current
        height, width = frame.image.shape[:2]
        wanted = self._size, (height, width), len(targets), method
        if wanted != self._ready:
            self.is_preparing = True
            if self._prepare and not explain.is_prepared((height, width), len(targets), method):
                self._prepare(self._size, (height, width), targets, method, self._stopped)
            if self._stopped.is_set():
                raise SessionEnd
            explain.view(frame.image, len(targets), method)
            self._ready, self._worked = wanted, method
        explain.check = self._controls.checking
        begin = self._following()
        return lambda frame, chosen: begin.start(frame, chosen or targets, method)

    def stop(self) -> None:
        """No explanation is wanted any more: one that is being prepared ends."""
        self._stopped.set()

    def _judge(self, seconds: float, shape: tuple[int, int]) -> None:
        """Take a smaller input when explanations have been too slow for a while; the old one serves until it is ready."""
        assert self._target_fps
        self._slow.append(seconds)
        if sum(self._slow) < _SECONDS_TO_JUDGE and len(self._slow) < _SECONDS_TO_JUDGE * self._target_fps:
            return
        typical, self._slow = float(np.median(self._slow)), []
        if 1 / typical >= 0.95 * self._target_fps or self._step + 1 >= len(_SMALLER) or self.current.fit != "native":
            return
        if self._preparing and self._preparing.is_alive():
            return
        targets, method = self._controls.targets, self._controls.method
        size = round(min(self._sized(None).size) * _SMALLER[self._step + 1])
        smaller = self._sized(size)
        if self._prepare and self._preparing is None and not smaller.is_prepared(shape, len(targets), method):
            self._preparing = threading.Thread(
                target=self._prepare, args=(size, shape, targets, method, self._stopped), daemon=True
            )
            self._preparing.start()
            return
        self.current = smaller
        self._size, self._preparing = size, None
        self._step += 1
        line = f"{1 / typical:.0f} maps a second: input reduced to {size} pixels to reach {self._target_fps:g}"
        self._controls.show_notice(line)
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
