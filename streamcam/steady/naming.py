"""Which class is named, and explained, while the most probable one changes from frame to frame.

What is shown of a frame are the probabilities of all classes averaged over a moment: of the frames within 0.6 s, the nearer
ones more, and not beyond a cut. Files are read a few frames ahead, so that the moment reaches to both sides; live it is the
one just past. The named class is the most probable of the moment, or one that was named before and comes close to it. So name,
order and heat agree, and one odd frame changes nothing.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from streamcam.steady.motion import is_cut, small_gray
from streamcam.types import Float32Array, Frame, Named, Region, UInt8Array

MOMENT = 0.6  # seconds to each side
HOLD = 0.3  # seconds that a class which is not the most probable one stays named in live pictures, at most
CLOSE = 0.05  # of probability: a class that was named stays when it is not further behind,
_HALF = 0.5  # and has at least this share of the most probable one's


@dataclass(slots=True)
class _Seen:
    index: int
    time: float
    probabilities: Float32Array
    shot: int


class SteadyNaming:
    """Names one class frame by frame.

    Args:
        ahead: how many frames are seen before one is named, to look both ways. 0 for live pictures; there, a class that is
            not the most probable one of the moment stays for 0.3 s at most.

    Attributes:
        held: index of the class that was named last, None before the first frame.
    """

    def __init__(self, ahead: int = 0) -> None:
        self.held: int | None = None
        self.ahead = ahead
        self._past: deque[_Seen] = deque()  # named, within a moment of the next
        self._coming: deque[_Seen] = deque()  # not named yet
        self._before: UInt8Array | None = None
        self._shot = 0
        self._shot_of_name = 0
        self._behind_since: float | None = None

    @property
    def targets(self) -> tuple[str | int, ...]:
        """What to explain next, most likely."""
        if not self._past and not self._coming:
            return ("top1",)
        newest = (self._coming or self._past)[-1]
        return (self._chosen(self._average(newest), newest.shot),)

    def see(self, probabilities: Float32Array, frame: Frame) -> None:
        """Take the ``(C,)`` probabilities of one more frame."""
        image = frame.image
        gray = small_gray(image, Region(0, 0, image.shape[1], image.shape[0]))
        self._shot += self._before is not None and is_cut(gray, self._before)
        self._before = gray
        self._coming.append(_Seen(frame.index, frame.time, probabilities, self._shot))

    def is_decided(self, index: int) -> bool:
        """Whether the oldest frame without a name can have one, now that frames up to this index have come."""
        return bool(self._coming) and index - self._coming[0].index >= self.ahead

    def name(self) -> Named:
        """Name the oldest of the frames that were seen and not named yet."""
        seen = self._coming[0]
        average = self._average(seen)
        best = int(average.argmax())
        chosen = self._chosen(average, seen.shot)
        if chosen == best:
            self._behind_since = None
        elif not self.ahead:
            self._behind_since = seen.time if self._behind_since is None else self._behind_since
            if seen.time - self._behind_since >= HOLD:
                chosen, self._behind_since = best, None
        self.held, self._shot_of_name = chosen, seen.shot
        self._past.append(self._coming.popleft())
        while seen.time - self._past[0].time > MOMENT:
            self._past.popleft()
        return Named(chosen, average)

    def _chosen(self, average: Float32Array, shot: int) -> int:
        """The most probable class of a moment, or the one that is held."""
        best, held = int(average.argmax()), self.held
        if held is None or shot != self._shot_of_name:
            return best
        is_close = average[best] - average[held] <= CLOSE and average[held] >= _HALF * average[best]
        return held if is_close else best

    def _average(self, seen: _Seen) -> Float32Array:
        """The probabilities of the moment around a frame."""
        known = (*self._past, *self._coming)
        moment = [one for one in known if one.shot == seen.shot and one.index - seen.index <= self.ahead]
        weights = np.array([max(1 - abs(one.time - seen.time) / MOMENT, 0.0) for one in moment], np.float32)
        if weights.sum() <= 1:  # the frame alone
            return seen.probabilities
        stacked = np.stack([one.probabilities for one in moment])
        return np.asarray(weights @ stacked / weights.sum(), np.float32)
