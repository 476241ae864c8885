"""Tell a source that is slow, or holds a picture for long, from one that hangs: by what it says, and by its habit."""

from __future__ import annotations

from collections import deque
from statistics import median

_TIMES = 3.0  # a source is late when it takes so many times as long as usual
_BLIND = 4.0  # and when other things come, but no picture, after so many times the patience
_STARTING = 60.0  # seconds that the reading process may take to begin
_GRACE = 2.0  # seconds more than the reading process itself allows, which can say what it waited for
_INTERVALS, _HABIT = 9, 4  # kept, and enough to tell what is usual: the first pictures of a stream may come all at once
_MOST_DOUBLINGS = 3


class Patience:
    """How long a source may be silent until it counts as hanging.

    All moments are seconds on one clock. A file that holds a picture says until when. A stream is given three times as long
    as its pictures usually take, but at least ``stall_timeout``. While other things arrive (sound, pictures that cannot
    be decoded), the connection is alive, and a picture may take four times as long.

    Args:
        stall_timeout: seconds.
    """

    def __init__(self, stall_timeout: float) -> None:
        self._stall, self._open = stall_timeout, 0.0
        self._intervals: deque[float] = deque(maxlen=_INTERVALS)
        self._last: float | None = None
        self._pictures = self._lonely = 0
        self._end = self._latest = 0.0
        self.promised = 0.0  # until when no picture is to be expected
        self.is_starting = False

    def begin(self, now: float, open_timeout: float) -> None:
        """A process was asked to open the source, and may take so long."""
        self._open = open_timeout
        if 0 < self._pictures <= _HABIT:  # it may be slower than we have ever waited
            self._lonely = min(self._lonely + 1, _MOST_DOUBLINGS)
        self._last, self._pictures = None, 0
        self._end = self._latest = now + _STARTING
        self.promised = 0.0
        self.is_starting = True

    def opening(self, now: float) -> None:
        """The process has begun to open it."""
        self.is_starting = False
        self._end = now + self._open + _GRACE
        self._latest = now + _BLIND * self._open

    def picture(self, now: float) -> None:
        """A picture came."""
        if self._last is not None:
            self._intervals.append(now - self._last)
        self._last = now
        self._pictures += 1
        self._end = now + self.seconds
        self._latest = now + _BLIND * self.seconds

    def alive(self, now: float, due: float) -> None:
        """Something else came; or, where ``due`` is not 0, the next picture is to be shown in so many seconds."""
        if due:
            self.promised = max(self.promised, now + due)
            self._latest = max(self._latest, now + due + self.seconds)
        wanted = now + due + (self.seconds if self._pictures else self._open)
        self._end = max(self._end, min(wanted, self._latest))

    def is_over(self, now: float) -> bool:
        """Whether the source hangs."""
        return now > self._end

    @property
    def has_pictures(self) -> bool:
        """Whether one came since the source was opened."""
        return self._pictures > 0

    @property
    def seconds(self) -> float:
        """How long the next picture may take."""
        if len(self._intervals) >= _HABIT:
            return max(self._stall, _TIMES * median(self._intervals))
        longest: float = max(self._stall * 2**self._lonely, *self._intervals, 0.0)
        return _TIMES * longest
