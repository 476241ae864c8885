"""From raw evidence to shown heat that is steady over time: one scale, and maps carried along with the picture.

Three things make heatmaps of a video flicker, and each has its remedy, the third in ``naming``:

* *The scale.* A map that is stretched to its own maximum shows weak evidence as strong. Here full heat is the evidence of a
  confident answer: each map is divided by its maximum and multiplied by its strength (``explainers.strength``), which is
  steadied by itself, and more than the map. Or it is the largest evidence of the last moments, which fades by 1 % a
  frame. The minimum is never subtracted.
* *The map.* Each frame's map is noisy. Here the map of the frame before is carried along by the motion of the picture
  and blended with the new one: an exponential average along the path of things, not of places.
* *The name.* The most probable class may change from frame to frame. Here a class that was named stays named until
  another leads by much, or for a while.

What a video classifier says of a moment is averaged over many clips already. It is carried along where frames are left out, and
not averaged any more, since it shows when something happened.

A cut and a change of class start afresh. Files are read a few frames ahead, so that the average looks both ways and lags
behind nothing; live pictures are not.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from streamcam.iteration import End, with_end
from streamcam.protocols import Steady
from streamcam.settings import HeatSettings
from streamcam.steady.motion import Motion, motion, small_gray
from streamcam.steady.verdict import Judge
from streamcam.types import LEAST_EVIDENCE, Explained, Explanation, Float32Array, Frame, UInt8Array

AHEAD = 8  # frames that are read ahead in files
_NEW = 0.15  # share of a new map in the average
_NEW_LEVEL = 0.06  # of a new strength
_DECAY = 0.99  # of the remembered largest evidence, a frame
_KEPT = 64  # small pictures that are kept, for explanations that come late


def make_steady(settings: HeatSettings, *, ahead: int = 0) -> Steady:
    """``steadied`` or ``unsteadied``, as settings say. Raises ``OptionError`` where one is outside its range."""
    Judge(settings.sure, settings.no_idea)
    return (
        partial(steadied, ahead=ahead, settings=settings) if settings.steady else partial(unsteadied, settings=settings)
    )


def unsteadied(stream: Iterable[Explained], *, settings: HeatSettings = HeatSettings()) -> Iterator[Explained]:
    """The same frames with heat and verdict, each by itself.

    Example::

        stream = ((frame, explain.start(frame)()) for frame in source)
        for frame, explanation in streamcam.unsteadied(stream):
            picture = overlay.draw(frame.image, explanation) if explanation else frame.image
    """
    for frame, explanation in stream:
        yield frame, explanation and by_itself(explanation, settings)


def by_itself(explanation: Explanation, settings: HeatSettings = HeatSettings()) -> Explanation:
    """An explanation with the heat and the verdict of its frame alone."""
    maps, judge = explanation.heatmaps, Judge(settings.sure, settings.no_idea, hold=0)
    if _is_absolute(explanation, settings):
        heat = _with_strength(maps, explanation.strength)
    else:
        heat = (maps / max(maps.max(), LEAST_EVIDENCE)).astype(np.float32)
    return _judged(replace(explanation, heat=heat), judge, settings, afresh=True)


def steadied(
    stream: Iterable[Explained], *, ahead: int = 0, settings: HeatSettings = HeatSettings()
) -> Iterator[Explained]:
    """The same frames with steady heat, ``(K, h, w)`` in 0…1, and a steady verdict; the maps stay raw.

    An error of ``stream`` is raised after the frames before it. Explanations without a strength are shown on the scale of the
    clip, and without a verdict.

    Args:
        stream: frames with their explanations; one may carry the explanation of an earlier frame, and its map then
            moves along with the picture.
        ahead: how many frames may be read before one is given, to average both ways.
        settings: the scale, and what the verdict depends on.

    Example::

        stream = ((frame, explain.start(frame)()) for frame in source)
        for frame, explanation in streamcam.steadied(stream, ahead=8):
            picture = overlay.draw(frame.image, explanation) if explanation else frame.image
    """
    maker, judge = _Maker(both_ways=ahead > 0), Judge(settings.sure, settings.no_idea)
    waiting: deque[_Moment] = deque()
    for item in with_end(stream):
        if isinstance(item, End):
            while waiting:
                yield _finished(waiting, judge, settings)
            if item.error:
                raise item.error
            return
        waiting.append(maker.moment(*item))
        if len(waiting) > ahead:
            yield _finished(waiting, judge, settings)


def _is_absolute(explanation: Explanation, settings: HeatSettings) -> bool:
    return settings.scale == "absolute" and explanation.strength is not None


def _with_strength(maps: Float32Array, strength: Float32Array | None) -> Float32Array:
    """``(K, h, w)``, each map with its strength for its maximum."""
    assert strength is not None
    peaks = np.maximum(maps.max(axis=(1, 2)), LEAST_EVIDENCE)
    return np.asarray(np.clip(maps * (strength / peaks)[:, None, None], 0, 1), np.float32)


def _judged(explanation: Explanation, judge: Judge, settings: HeatSettings, *, afresh: bool) -> Explanation:
    """With its verdict; where the model has no idea, the absolute scale shows no heat."""
    if explanation.certainty is None or explanation.heat is None:
        return explanation
    verdict, heat = judge.verdict(explanation.certainty, afresh=afresh), explanation.heat
    if settings.scale == "absolute":
        heat = np.zeros_like(heat) if verdict == "no idea" else heat * np.float32(judge.fade(explanation.certainty))
    return replace(explanation, verdict=verdict, heat=heat)


@dataclass(slots=True)
class _Moment:
    """A frame on its way through the average.

    Attributes:
        frame: as it came.
        explanation: of the classes that are shown, raw, or None.
        maps: ``(K, h, w)`` evidence that is new with this frame, where it belongs in this frame, or None.
        average: ``(K, h, w)``, of this frame and those before it.
        count: how many maps are in the average.
        peaks: ``(K,)``, the largest evidence until now.
        levels: ``(K + 1,)``, the strengths and the certainty, averaged too, or None.
        back: the motion to the frame before, None where there is none or the two have nothing in common.
        ahead: the motion from the frame before to this one.
        cut: whether its heat is the first of another shot.
    """

    frame: Frame
    explanation: Explanation | None
    maps: Float32Array | None
    average: Float32Array | None
    count: int
    peaks: Float32Array | None
    levels: Float32Array | None
    back: Motion | None
    ahead: Motion | None
    cut: bool = False


class _Maker:
    """Makes moments one after the other, each from the one before."""

    def __init__(self, *, both_ways: bool) -> None:
        self._both_ways = both_ways
        self._grays: OrderedDict[int, UInt8Array] = OrderedDict()
        self._last: _Moment | None = None
        self._last_gray: UInt8Array | None = None
        self._since_new = 0
        self._is_cut = False
        self._levels = 0  # that are in the average

    def moment(self, frame: Frame, explanation: Explanation | None) -> _Moment:
        if explanation is None:
            self._last = self._last_gray = None
            return _Moment(frame, None, None, None, 0, None, None, None, None)
        gray = small_gray(frame.image, explanation.region)
        before = self._last_gray
        back = motion(gray, before) if before is not None and before.shape == gray.shape else None
        if back and back.is_cut:
            back, self._is_cut = None, True
        last = self._last if back and self._last and _same_targets(explanation, self._last.explanation) else None
        self._since_new += 1
        maps = self._new_maps(frame, explanation, gray, last)
        average = back.carry(last.average) if back and last and last.average is not None else None
        count = last.count if average is not None and last else 0
        peaks = None if last is None else last.peaks
        levels = self._last.levels if back and self._last else None
        if maps is not None:
            count += 1
            # Not while no map comes: the old one would grow in strength without any evidence.
            peaks = None if peaks is None else peaks * np.float32(_DECAY**self._since_new)
            share = max(1 - (1 - _NEW) ** self._since_new, 1 / count)
            self._levels = 1 if levels is None else self._levels + 1
            level = max(_NEW_LEVEL, 1 / self._levels)
            if explanation.clip:
                share = level = 1.0
            self._since_new = 0
            average = maps if average is None else share * maps + (1 - share) * average
            levels = _blended(_levels(explanation), levels, level, afresh=last is None)
            fresh = explanation.heatmaps.max(axis=(1, 2))
            peaks = fresh if peaks is None else np.maximum(peaks, fresh)
        ahead = motion(self._last_gray, gray) if self._both_ways and last and self._last_gray is not None else None
        self._remember(frame.index, gray)
        cut, self._is_cut = self._is_cut and average is not None, self._is_cut and average is None
        self._last = _Moment(
            frame, explanation, maps, average, count, peaks, levels, back if last else None, ahead, cut
        )
        self._last_gray = gray
        return self._last

    def _new_maps(
        self, frame: Frame, explanation: Explanation, gray: UInt8Array, last: _Moment | None
    ) -> Float32Array | None:
        """The explanation's maps if they are new, carried from the frame they were made of to this one."""
        if last and last.explanation and last.explanation.index == explanation.index:
            return None
        source = self._grays.get(explanation.index)
        maps = explanation.heatmaps
        if explanation.index == frame.index or source is None or source.shape != gray.shape:
            return maps
        moved = motion(gray, source)
        return None if moved.is_cut else moved.carry(maps)

    def _remember(self, index: int, gray: UInt8Array) -> None:
        self._grays[index] = gray
        while len(self._grays) > _KEPT:
            self._grays.popitem(last=False)


def _same_targets(one: Explanation, other: Explanation | None) -> bool:
    return (
        other is not None
        and one.heatmaps.shape == other.heatmaps.shape
        and bool((one.classes == other.classes).all() and (one.versus == other.versus).all())
        and bool((one.against == other.against).all())
    )


def _levels(explanation: Explanation) -> Float32Array | None:
    """The strengths and the certainty."""
    if explanation.strength is None or explanation.certainty is None:
        return None
    return np.append(explanation.strength, np.float32(explanation.certainty))


def _blended(
    new: Float32Array | None, old: Float32Array | None, share: float, *, afresh: bool = False
) -> Float32Array | None:
    """The average with a new level. ``afresh`` where other classes are explained: they begin near the certainty."""
    if new is None or old is None:
        return new
    if afresh:
        old = np.full_like(new, old[-1])
    return np.asarray(share * new + (1 - share) * old, np.float32)


def _finished(waiting: deque[_Moment], judge: Judge, settings: HeatSettings) -> Explained:
    """Take the oldest moment out, its maps averaged with those that follow it."""
    first, *later = list(waiting)
    waiting.popleft()
    if first.explanation is None or first.average is None or first.peaks is None:
        return first.frame, first.explanation
    heat, peaks, levels = first.average, first.peaks, first.levels
    shot = [first]
    for moment in later:
        if moment.back is None:
            break
        shot.append(moment)
    if len(shot) > 1:
        future: Float32Array | None = None
        coming: Float32Array | None = None
        count = 0
        for moment, after in zip(reversed(shot), [None, *reversed(shot)], strict=False):
            if future is not None and after is not None and after.ahead is not None:
                future = after.ahead.carry(future)
            if moment.maps is not None:
                count += 1
                share = max(_NEW, 1 / count)
                future = moment.maps if future is None else (share * moment.maps + (1 - share) * future)
                future = future.astype(np.float32)
                if moment.explanation:
                    coming = _blended(_levels(moment.explanation), coming, 1 / count)
        if future is not None and not first.explanation.clip:
            heat = ((heat + future) / 2).astype(np.float32)
            levels = _blended(coming, levels, 0.5 * min(1.0, count / AHEAD))
        for distance, moment in enumerate(shot):
            if moment.peaks is not None:
                peaks = np.maximum(peaks, moment.peaks * np.float32(_DECAY**distance))
    if levels is not None and _is_absolute(first.explanation, settings):
        heat = _with_strength(heat, levels[:-1])
    else:
        full = heat.max() if settings.scale == "frame" else peaks.max()
        heat = np.clip(heat / max(full, LEAST_EVIDENCE), 0, 1).astype(np.float32)
    certainty = None if levels is None else float(levels[-1])
    shown = replace(first.explanation, heat=heat, cut=first.cut, certainty=certainty)
    return first.frame, _judged(shown, judge, settings, afresh=first.back is None and first.count <= 1)
