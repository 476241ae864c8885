"""Follow a live source with a video classifier: the newest clip, of the frames that come by."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from streamcam.iteration import NotYet
from streamcam.pipeline.clips import ClipExplainer, Shots, moment_of
from streamcam.pipeline.sampling import Sampling
from streamcam.types import Explanation, Frame, Header, Targets

S = TypeVar("S")


class NewestClip(Generic[S]):
    """The newest frames of a live source, as many as a clip has. One thread adds frames, another takes clips."""

    def __init__(self, sampling: Sampling) -> None:
        self._samples, self._shots = sampling.sampler(counts=True), Shots()
        self._kept: deque[tuple[int, S]] = deque(maxlen=sampling.frames)
        self._changing = threading.Lock()

    def add(self, frame: Frame, see: Callable[[Frame], S]) -> None:
        """Take the next frame, as ``see`` keeps it."""
        begins, numbers = self._shots.begins(frame), self._samples(frame)
        seen = see(frame) if numbers else None
        with self._changing:
            if begins:
                self._kept.clear()
            self._kept.extend((number, seen) for number in numbers if seen is not None)

    def clip(self) -> tuple[int, list[S]] | None:
        """The number of the newest sample, and all samples of the clip that ends with it; None where they are too few."""
        with self._changing:
            if len(self._kept) < (self._kept.maxlen or 0):
                return None
            return self._kept[-1][0], [seen for _, seen in self._kept]


class ClipFollower:
    """Explains, in a live session, the newest clip of the frames that come by; the explanation is that of its last moment.

    Each session has its own, whoever shares the explainer.

    Args:
        explain: the explainer.
    """

    in_flight = 1

    def __init__(self, explain: ClipExplainer) -> None:
        self.explain = explain
        self._newest: NewestClip[Any] = NewestClip(explain.sampling)
        self._said: tuple[object, Explanation] | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """See ``Explainer``."""
        return self.explain.labels

    def describe(self) -> Header:
        """See ``Explainer``."""
        return self.explain.describe()

    def watch(self, frame: Frame) -> None:
        """See ``Watching``."""
        if frame.fresh:
            self._newest.add(frame, self.explain.see)

    def start(self, frame: Frame, targets: Targets | None = None, *more: Any) -> Callable[[], Explanation]:
        """See ``Explainer``. Where fewer frames than the hop have come since the last clip, it is explained no more.

        Args:
            frame: the newest one; it was watched.
            targets: the classes to explain; None for the usual ones.
            more: what the explainer's ``start_clip`` takes besides.

        Raises:
            NotYet: fewer frames than a clip has have come since the beginning, or since a cut.
        """
        found = self._newest.clip()
        if found is None:
            raise NotYet
        number, clip = found
        asked = number // self.explain.sampling.hop, targets if targets is None else tuple(targets), more
        if self._said and self._said[0] == asked:
            said = self._said[1]
            return lambda: said
        answer = self.explain.start_clip(clip, targets, *more)

        def finish() -> Explanation:
            explanation = moment_of([(answer(), len(clip) - 1)], clip[-1].index, clip[-1].time)
            self._said = asked, explanation
            return explanation

        return finish
