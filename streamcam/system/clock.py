"""Turn the times of a file's packets into one clock without jumps, for picture and sound alike.

A transport stream of joined recordings, or one that runs for more than a day, has a clock that jumps or goes back. Players
go on where they were; so does this, by the same amount for picture and sound, so that they stay together.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_BACK = 0.1  # seconds that times may go back (frames out of order) without a new clock
_AHEAD = 10.0  # seconds of silence that are still a gap, as for FFmpeg's command line; more is a new clock
_TS_DISCONT = 0x0200  # AVFMT_TS_DISCONT: the clock of such containers may jump
_PLACES = 16  # to look at, to see whether a clock goes evenly
_GLITCH = 2  # packets; so few with a time of their own are damage, not a recording


def may_jump(container: Any) -> bool:
    """Whether an open container (PyAV's) is of a kind whose clock may jump."""
    return bool(container.format.flags & _TS_DISCONT)


@dataclass(slots=True)
class Run:
    """Packets of one track whose times follow each other.

    Attributes:
        track: index of the stream.
        first: the lowest time in it, in seconds by the file's own clock.
        last: when its last packet ends, by the same clock.
        begins: position of its first packet in the order of the file.
        ends: position of its last packet.
        packets: how many it has.
        offset: what makes seconds from the start of the file of its times.
    """

    track: int
    first: float
    last: float
    begins: int = 0
    ends: int = 0
    packets: int = 0
    offset: float = 0.0


@dataclass(slots=True)
class _Stretch:
    """Runs of several tracks that share a clock."""

    runs: list[Run] = field(default_factory=list)

    @property
    def first(self) -> float:
        return min(run.first for run in self.runs)

    @property
    def last(self) -> float:
        return max(run.last for run in self.runs)

    def takes(self, run: Run) -> bool:
        """Whether a run belongs here: the same clock, beside the others in the file, and behind its own track."""
        return (
            run.first < self.last + _AHEAD
            and self.first < run.last + _AHEAD
            and any(_beside(run, other) for other in self.runs if other.track != run.track)
            and all(run.first > other.last - _BACK for other in self.runs if other.track == run.track)
        )


def _beside(one: Run, other: Run) -> bool:
    """Whether at least half of the shorter run lies where the other does."""
    common = min(one.ends, other.ends) - max(one.begins, other.begins)
    return common > 0 and 2 * common >= min(one.ends - one.begins, other.ends - other.begins)


def runs_of(packets: Iterable[tuple[int, float, float, float]], start: float = 0.0) -> list[Run]:
    """The runs in packets ``(track, time of decoding, time of showing, duration)``, as a file has them, with their offsets.

    The first clock counts from ``start``; each further one goes on where the last one ended in all tracks, so that nothing
    overlaps.
    """
    runs: list[Run] = []
    current: dict[int, Run] = {}
    latest: dict[int, float] = {}
    for at, (track, time, shown, duration) in enumerate(packets):
        run = current.get(track)
        if run is None or not -_BACK <= time - latest[track] <= _AHEAD:
            run = current[track] = Run(track, shown, shown, at)
            runs.append(run)
        latest[track] = time
        run.first, run.last = min(run.first, shown), max(run.last, shown + duration)
        run.ends, run.packets = at, run.packets + 1
    return _aligned(runs, start)


def _aligned(runs: list[Run], start: float) -> list[Run]:
    """Group the runs by their clocks, and set their offsets."""
    stretches: list[_Stretch] = []
    for run in runs:
        if run.packets <= _GLITCH:
            continue
        home = next((stretch for stretch in stretches if stretch.takes(run)), None)
        if home is None:
            home = _Stretch()
            stretches.append(home)
        home.runs.append(run)
    end: float | None = None
    for stretch in stretches:
        offset = -start if end is None else end - stretch.first
        for run in stretch.runs:
            run.offset = offset
        end = stretch.last + offset
    reached: dict[int, float] = {}
    for run in runs:
        if run.packets <= _GLITCH:
            run.offset = reached.get(run.track, 0.0) - run.first
        reached[run.track] = run.last + run.offset
    return runs


def read_runs(path: Path, start: float) -> list[Run]:
    """The runs of a file's picture and sound. Reads the whole file, without decoding.

    Args:
        path: of the file.
        start: when the file starts by its own clock, in seconds.
    """
    from streamcam.system.ffmpeg import av, open_container

    packets: list[tuple[int, float, float, float]] = []
    with open_container(path) as container:
        try:
            for packet in container.demux([*container.streams.video, *container.streams.audio]):
                if packet.dts is not None and packet.time_base:
                    base = float(packet.time_base)
                    shown = packet.dts if packet.pts is None else packet.pts
                    duration = (packet.duration or 0) * base
                    packets.append((packet.stream.index, packet.dts * base, shown * base, duration))
        except av.FFmpegError:
            pass  # it breaks off here
    return runs_of(packets, start)


def is_straight(path: Path) -> bool:
    """Whether a file's clock only goes forward, and evenly, as far as a few places in it tell."""
    from streamcam.system.ffmpeg import av, open_container

    size = path.stat().st_size
    times: list[float] = []
    with open_container(path) as file:
        container: Any = file
        for place in range(_PLACES):
            try:
                container.seek(size * place // _PLACES, unsupported_byte_offset=True)
                packet = next((p for p in container.demux(video=0) if p.dts is not None), None)
            except av.FFmpegError:
                return False
            if packet is None:  # the last picture begins before
                break
            times.append(float(packet.dts * packet.time_base))
    if len(times) < _PLACES // 2:
        return False
    steps = sorted(after - before for before, after in itertools.pairwise(times))
    return steps[0] >= 0 and steps[-1] <= _AHEAD + 4 * steps[len(steps) // 2]


class Clock:
    """Gives the times of one track in seconds from the start of the file, going on where the file's own clock jumps.

    Call it with times in the order of the file. At the first jump, if there is one, the whole file is read through.

    Args:
        path: of the file.
        track: index of the stream.
        start: when the file starts by its own clock, in seconds.
        may_jump: whether the file's clock may jump at all.
    """

    def __init__(self, path: Path, track: int, start: float, *, may_jump: bool) -> None:
        self._path, self._start, self._may_jump = path, start, may_jump
        self._current = Run(track, 0.0, 0.0, offset=-start)
        self._all: list[Run] | None = None
        self._next: list[Run] = []
        self._latest: float | None = None
        self.jumped = False

    @classmethod
    def of(cls, path: Path, container: Any, track: int) -> Clock:
        """The clock of a track of an open container (PyAV's)."""
        from streamcam.system.ffmpeg import av

        start = (container.start_time or 0) / av.time_base
        return cls(path, track, start, may_jump=may_jump(container))

    def __call__(self, time: float) -> float:
        """Seconds from the start of the file, for a time by the file's own clock."""
        if self._may_jump and self._latest is not None and not -_BACK <= time - self._latest <= _AHEAD:
            self._jump(time)
        self._latest = time
        return time + self._current.offset

    @property
    def end(self) -> float | None:
        """When the file ends, or None where its clock has not jumped."""
        return max(run.last + run.offset for run in self._all) if self._all and self.jumped else None

    def _jump(self, time: float) -> None:
        if self._all is None:
            self._all = read_runs(self._path, self._start)
            self._next = [run for run in self._all if run.track == self._current.track]
            self._current = self._next.pop(0) if self._next else self._current
        for number, run in enumerate(self._next):
            if run.first - 1 <= time <= run.last + 1:  # frames are shown up to a second after they are decoded
                self._current, self.jumped = run, True
                del self._next[: number + 1]
                return
