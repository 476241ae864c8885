"""Count and time what a live session does, in memory that does not grow with the session."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import psutil

from streamcam.live.summary import FrameCounts, Memory, Minute, Percentiles, Rates, SessionStats
from streamcam.protocols import LiveFeed, Writer
from streamcam.types import Covering, Explanation, Frame

_SMALLEST, _STEP, _BUCKETS = 1e-5, 1.02, 1000  # 10 microseconds to an hour, each bucket 2 % wider than the last
_MINUTES_KEPT = 24 * 60
_TROUBLES_KEPT = 20  # reasons


class Histogram:
    """Durations in seconds, to 2 %."""

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS
        self.total = 0

    def add(self, seconds: float) -> None:
        """Count one."""
        bucket = int(math.log(max(seconds, _SMALLEST) / _SMALLEST) / math.log(_STEP))
        self._counts[min(bucket, _BUCKETS - 1)] += 1
        self.total += 1

    def percentile(self, share: float) -> float | None:
        """Seconds that this share (0…1) stays under; None of nothing."""
        if not self.total:
            return None
        below = 0
        for bucket, count in enumerate(self._counts):
            below += count
            if below >= share * self.total:
                return float(_SMALLEST * _STEP ** (bucket + 0.5))
        raise AssertionError("unreachable")

    @property
    def percentiles(self) -> Percentiles:
        """The usual ones."""
        return Percentiles(*(_ms(self.percentile(share)) for share in (0.50, 0.95, 0.99)))

    def to_json(self) -> dict[str, float | None]:
        """Percentiles in milliseconds."""
        return asdict(self.percentiles)


class Rate:
    """Events a second, over the last two seconds."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=240)

    def tick(self) -> None:
        """Something happened."""
        self._times.append(time.perf_counter())

    @property
    def value(self) -> float:
        """Events a second; 0 where there are too few to tell."""
        now = time.perf_counter()
        recent = [t for t in tuple(self._times) if now - t < 2]
        return (len(recent) - 1) / (recent[-1] - recent[0]) if len(recent) > 2 else 0.0


class Timed:
    """A sink whose writing is timed."""

    def __init__(self, sink: Writer, times: Histogram) -> None:
        self._sink, self._times = sink, times

    def write(self, frame: Frame, explanation: Explanation | None) -> None:
        """Take one frame."""
        began = time.perf_counter()
        self._sink.write(frame, explanation)
        self._times.add(time.perf_counter() - began)


class Stats:
    """Counts what passes. As the last sink it sees each frame when it has been shown.

    Args:
        source: whose frames they are.
    """

    def __init__(self, source: LiveFeed) -> None:
        self._source = source
        self.stages = {name: Histogram() for name in ("capture", "explain", "draw", "show", "delay", "map_age", "page")}
        self.camera_rate, self.explain_rate, self.shown_rate = Rate(), Rate(), Rate()
        self.shown = self.stand_ins = self.reused = self.explained = 0
        self.delay = self.map_age = 0.0
        self._coverings, self._hot, self._cold = 0, 0.0, 0.0
        self._minute = Histogram()
        self._minutes: deque[Minute] = deque(maxlen=_MINUTES_KEPT)
        self._minute_began = source.now
        self._last_explained = -1
        self._state = source.state
        self._troubles: dict[str, int] = {}
        self._process = psutil.Process()
        self._memory_start = self._memory_peak = self._memory()

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Measure one run of a stage."""
        began = time.perf_counter()
        yield
        self.stages[stage].add(time.perf_counter() - began)

    def captured(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The frames, as they come from the source."""
        for frame in frames:
            if frame.fresh:
                self.camera_rate.tick()
                self.stages["capture"].add(self._source.now - frame.time)
            yield frame

    def shows(self, sink: Writer) -> Timed:
        """The sink, timed as the stage that shows the picture."""
        return Timed(sink, self.stages["show"])

    def count_explained(self) -> None:
        """An explanation was made."""
        self.explained += 1
        self.explain_rate.tick()

    def painted(self, at: float) -> None:
        """A page has painted the frame of this time (seconds from the start of the source), and has said so."""
        self.stages["page"].add(max(0.0, self._source.now - at))

    def write(self, frame: Frame, explanation: Explanation | None) -> None:
        """A frame has been shown."""
        if not frame.fresh:
            self.stand_ins += 1
            self._note_trouble()
            return
        self.shown += 1
        self.shown_rate.tick()
        self.delay = self._source.now - frame.time
        self.stages["delay"].add(self.delay)
        self._minute.add(self.delay)
        if explanation is not None:
            self.map_age = self._source.now - explanation.time
            self.stages["map_age"].add(self.map_age)
            if explanation.covering and explanation.index != self._last_explained:
                self._coverings += 1
                self._hot += explanation.covering.hot
                self._cold += explanation.covering.cold
            self.reused += explanation.index == self._last_explained
            self._last_explained = explanation.index
        if self._source.now - self._minute_began >= 60:
            self._end_minute()

    def _note_trouble(self) -> None:
        """Count why there is no picture, once each time it is tried."""
        last, self._state = self._state, self._source.state
        reason = self._state.reason
        is_known = reason in self._troubles or len(self._troubles) < _TROUBLES_KEPT
        if reason and self._state != last and is_known:
            self._troubles[reason] = self._troubles.get(reason, 0) + 1

    def _end_minute(self) -> None:
        self._memory_peak = max(self._memory_peak, self._memory())
        seconds = self._source.now - self._minute_began
        rate, memory = round(self._minute.total / seconds, 2), round(self._memory(), 1)
        self._minutes.append(Minute(rate, self._minute.percentiles, memory))
        self._minute, self._minute_began = Histogram(), self._source.now

    def _memory(self) -> float:
        return float(self._process.memory_info().rss / 1e6)

    @property
    def covering(self) -> Covering | None:
        """What covering cost on average, over the explained frames on which it was known."""
        count = self._coverings
        return Covering(round(self._hot / count, 4), round(self._cold / count, 4)) if count else None

    def summary(self) -> SessionStats:
        """All of it, so far."""
        counts, seconds, memory = self._source.counts, self._source.now, self._memory()
        return SessionStats(
            seconds=round(seconds, 3),
            frames=FrameCounts(
                captured=counts.captured,
                shown=self.shown,
                dropped=max(0, counts.captured - self.shown),
                damaged=counts.damaged,
                explained=self.explained,
                reused=self.reused,
                stand_ins=self.stand_ins,
            ),
            fps=Rates(*(round(count / seconds, 2) for count in (counts.captured, self.shown, self.explained))),
            ms={name: histogram.percentiles for name, histogram in self.stages.items()},
            stalls=counts.stalls,
            reconnects=counts.reconnects,
            memory_mb=Memory(round(self._memory_start, 1), round(memory, 1), round(max(self._memory_peak, memory), 1)),
            minutes=tuple(self._minutes),
            covering=self.covering,
            phase=self._source.state.phase,
            reason=self._source.state.reason,
            troubles=dict(self._troubles),
        )

    def to_json(self) -> dict[str, Any]:
        """The same as dicts, lists and numbers."""
        return asdict(self.summary()) | {"minutes": [asdict(minute) for minute in self._minutes]}


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(1e3 * seconds, 2)
