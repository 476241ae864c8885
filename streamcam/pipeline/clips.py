"""Explain a stream with a video classifier: sliding clips, and for each frame the evidence of its own moment.

A frame is held by several clips. Its evidence, and its probabilities, are the average over all of them, so that nothing
depends on where a clip happens to begin. No clip reaches across a cut.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from streamcam.errors import TooShortError
from streamcam.iteration import End, with_end
from streamcam.pipeline.sampling import Sampling
from streamcam.protocols import Explainer
from streamcam.steady.motion import is_cut, small_gray
from streamcam.types import (
    LEAST_EVIDENCE,
    ClipExplanation,
    Explained,
    Explanation,
    Frame,
    Region,
    Targets,
    UInt8Array,
)


@runtime_checkable
class ClipExplainer(Explainer, Protocol):
    """An explainer that looks at clips; ``ClipGradCAM`` is one. What it keeps of a frame has its ``index`` and ``time``."""

    @property
    def sampling(self) -> Sampling:
        """How a stream becomes clips."""
        ...

    def see(self, frame: Frame) -> Any:
        """What is kept of a frame."""
        ...

    def start_clip(
        self, clip: Sequence[Any], targets: Targets | None = None, *more: Any
    ) -> Callable[[], ClipExplanation]:
        """Begin with a clip of kept frames; the function that is returned waits for what is said of it."""
        ...


class Shots:
    """Tells where another shot begins in a stream of frames."""

    def __init__(self) -> None:
        self._before: UInt8Array | None = None

    def begins(self, frame: Frame) -> bool:
        """Whether the next frame is of another shot than the one before, or of another size."""
        height, width = frame.image.shape[:2]
        gray, before = small_gray(frame.image, Region(0, 0, width, height)), self._before
        self._before = gray
        return before is not None and (before.shape != gray.shape or is_cut(gray, before))


@dataclass(slots=True)
class _Clip:
    """A clip on its way.

    Attributes:
        first: number of its first sample.
        seen: its samples.
        said: what was said of it, by the one class that it was asked for, None for the usual targets.
    """

    first: int
    seen: list[Any]
    said: dict[int | None, ClipExplanation] = field(default_factory=dict)


class _Shot:
    """The frames of one shot, in their order, and the clips within it.

    Attributes:
        has_clips: whether it is as long as a clip.
    """

    def __init__(self, explain: ClipExplainer, *, names_one: bool) -> None:
        self._explain, self._names_one = explain, names_one
        self._length = explain.sampling.frames
        self.has_clips = False
        self._first: int | None = None  # number of the first sample
        self._kept: deque[tuple[int, Any]] = deque(maxlen=self._length)
        self._clips: deque[_Clip] = deque()
        self._waiting: deque[tuple[Frame, int | None]] = deque()  # with the number of the sample that it belongs to

    def add(self, frame: Frame, numbers: range) -> None:
        """Take the next frame, which is so many samples, or none."""
        seen = self._explain.see(frame) if numbers else None
        for number in numbers:
            self._first = number if self._first is None else self._first
            self._kept.append((number, seen))
            is_first = number - self._first + 1 == self._length
            if is_first or (len(self._kept) == self._length and self._explain.sampling.ends_clip(number)):
                self._end_clip()
        self._waiting.append((frame, self._kept[-1][0] if self._kept else None))

    def done(self) -> Iterator[Explained]:
        """The frames of which all clips are known by now."""
        while self._waiting and self._kept:
            number = self._number_of(self._waiting[0][1])
            if number is None or number + self._length - 1 > self._kept[-1][0]:
                return
            yield self._next()

    def rest(self) -> Iterator[Explained]:
        """The other frames: the shot is over, and a last clip ends with it."""
        if self._clips and self._clips[-1].first + self._length - 1 < self._kept[-1][0]:
            self._end_clip()
        while self._waiting:
            yield self._next()

    def _end_clip(self) -> None:
        """Begin and end a clip with the samples that are kept."""
        self._clips.append(_Clip(self._kept[0][0], [seen for _, seen in self._kept]))
        self._ask(self._clips[-1], None)
        self.has_clips = True

    def _next(self) -> Explained:
        frame, of_sample = self._waiting.popleft()
        number = self._number_of(of_sample)
        if number is None:
            return frame, None
        while self._clips and self._clips[0].first + self._length <= number:
            self._clips.popleft()
        holding = [clip for clip in self._clips if clip.first <= number]
        return frame, self._explanation(holding, number) if holding else None

    def _number_of(self, of_sample: int | None) -> int | None:
        """The number of a frame's sample; of frames before the first one of the shot, of that."""
        return self._first if of_sample is None else of_sample

    def _explanation(self, holding: Sequence[_Clip], number: int) -> Explanation:
        """The average over the clips that hold a sample; the one it lies nearest to the middle of is shown in time."""
        middle = min(holding, key=lambda clip: abs(clip.first + (self._length - 1) / 2 - number))
        if self._names_one:
            index = int(np.mean([clip.said[None].probabilities for clip in holding], axis=0).argmax())
            said = [self._ask(clip, index) for clip in holding]
        else:
            shown = middle.said[None]
            holding = [clip for clip in holding if _are_alike(clip.said[None], shown)]
            said = [clip.said[None] for clip in holding]
        sample = middle.seen[number - middle.first]
        at = holding.index(middle)
        moments = [(one, number - clip.first) for clip, one in zip(holding, said, strict=True)]
        return moment_of([moments[at], *moments[:at], *moments[at + 1 :]], sample.index, sample.time)

    def _ask(self, clip: _Clip, index: int | None) -> ClipExplanation:
        """What is said of a clip, of one class or of the usual targets."""
        usual = clip.said.get(None)
        if index is not None and usual is not None and int(usual.classes[0]) == index:
            return usual
        if index not in clip.said:
            clip.said[index] = self._explain.start_clip(clip.seen, None if index is None else (index,))()
        return clip.said[index]


def explained_clips(frames: Iterable[Frame], explain: ClipExplainer, *, names_one: bool) -> Iterator[Explained]:
    """Each frame, in order, with the evidence of its moment; without any where its shot is shorter than a clip.

    A frame is given when the last clip that holds it is known: as many samples later as a clip has.

    Args:
        frames: any iterable of frames.
        explain: the explainer.
        names_one: whether each frame is explained for the class that is the most probable of its moment.

    Raises:
        TooShortError: there is no shot as long as a clip.
    """
    samples, shots = explain.sampling.sampler(), Shots()
    shot, has_clips = _Shot(explain, names_one=names_one), False
    for count, frame in enumerate(with_end(frames)):
        if isinstance(frame, End):
            has_clips |= shot.has_clips
            if not has_clips and not frame.error:
                raise TooShortError(_too_short(count, explain.sampling))
            yield from shot.rest()
            if frame.error:
                raise frame.error
            return
        if shots.begins(frame):
            has_clips |= shot.has_clips
            yield from shot.rest()
            shot = _Shot(explain, names_one=names_one)
        shot.add(frame, samples(frame))
        yield from shot.done()


def moment_of(said: Sequence[tuple[ClipExplanation, int]], index: int, time: float) -> Explanation:
    """The explanation of one moment: the average over clips that hold it.

    Args:
        said: what was said of each clip, of the same classes, and which of its frames is meant. The first is shown in time.
        index: of the frame.
        time: of the frame, in seconds.
    """
    first = said[0][0]
    maps = np.asarray(np.mean([clip.maps_at(number) for clip, number in said], axis=0), np.float32)
    strengths = [clip.strength * _share_of_peak(clip, number) for clip, number in said]
    return Explanation(
        maps,
        first.classes,
        np.asarray(np.mean([clip.scores for clip, _ in said], axis=0), np.float32),
        np.asarray(np.mean([clip.probabilities for clip, _ in said], axis=0), np.float32),
        first.region,
        index,
        time,
        first.versus,
        first.against,
        strength=np.asarray(np.mean(strengths, axis=0), np.float32),
        certainty=float(np.mean([clip.certainty for clip, _ in said])),
        clip=first,
    )


def _share_of_peak(clip: ClipExplanation, number: int) -> Any:
    """``(K,)``: the largest evidence of one of its moments over that of the clip."""
    peaks = clip.heatmaps.max(axis=(1, 2, 3))
    return clip.maps_at(number).max(axis=(1, 2)) / np.maximum(peaks, LEAST_EVIDENCE)


def _are_alike(one: ClipExplanation, other: ClipExplanation) -> bool:
    """Whether two clips were explained for the same classes."""
    return bool((one.classes == other.classes).all() and (one.versus == other.versus).all())


def _too_short(frames: int, sampling: Sampling) -> str:
    """Why a video of so many frames has no clip, and what helps where something does."""
    sparse = f"{sampling.fps:g} frames a second" if sampling.fps else f"each {sampling.stride}. frame"
    remedy = f"; of {sparse}: --clip-stride 1 looks at each" if sampling.fps or sampling.stride > 1 else ""
    return f"too short for a video classifier: {frames} frames, without a clip of {sampling.frames} between two cuts{remedy}"
