"""The source of an exhibit: its camera while somebody is there, clips that attract people otherwise, black when closed."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from streamcam.errors import SourceError
from streamcam.photographs import photographs
from streamcam.protocols import Closing
from streamcam.settings import CaptureSettings
from streamcam.source_state import SourceCounts, SourceState
from streamcam.sources.live.hours import Hours
from streamcam.sources.live.live import LiveSource
from streamcam.sources.live.slideshow import slideshow
from streamcam.types import Frame, UInt8Array, VideoInfo

_log = logging.getLogger(__name__)

_CAMERA_PATIENCE = 3.0  # seconds without a camera's picture until something else is shown
_LOOKS = 0.2  # seconds between two looks at whether something moves
_SMALL = 64, 36
_MOVED_LEVELS, _MOVED_SHARE = 12, 0.015  # how much darker or lighter, and in how much of the picture
_TICK = 0.25  # seconds between pictures of a closed exhibit
_CLOSED = np.zeros((54, 96, 3), np.uint8)  # of a size of its own, so that the day's last map is not laid over it
_CLIP_PATIENCE = 5.0  # seconds without a picture after which a clip is left out


class MotionDetector:
    """Finds whether something moved between two looks. A lamp that is switched on is no motion."""

    def __init__(self) -> None:
        self._last: UInt8Array | None = None

    def moved(self, image: UInt8Array) -> bool:
        """Look at an ``(H, W, 3)`` uint8 picture; the first look sees no motion."""
        gray = cv2.cvtColor(cv2.resize(image, _SMALL, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
        last, self._last = self._last, np.asarray(cv2.GaussianBlur(gray, (3, 3), 0), np.uint8)
        if last is None:
            return False
        change = self._last.astype(np.int16) - last
        change -= np.int16(np.median(change))
        return bool((np.abs(change) > _MOVED_LEVELS).mean() > _MOVED_SHARE)


class CameraWatcher:
    """Reads a camera in a thread, keeps its newest frame, and notes when something moved.

    Args:
        camera: iterated until it ends; it gives frames, fresh or not, all the time.
        clock: seconds that never go back.
    """

    def __init__(self, camera: LiveSource, clock: Callable[[], float]) -> None:
        self._camera, self._clock = camera, clock
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._failure: BaseException | None = None
        self.last_motion = self.last_fresh = clock()
        self._thread = threading.Thread(target=self._watch, name="streamcam-camera-watcher", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        detector, looked = MotionDetector(), 0.0
        try:
            for frame in self._camera:
                if frame.fresh:
                    self.last_fresh = self._clock()
                    if time.monotonic() - looked >= _LOOKS:
                        looked = time.monotonic()
                        if detector.moved(frame.image):
                            self.last_motion = self._clock()
                with self._changed:
                    self._frame = frame
                    self._changed.notify()
        except BaseException as error:
            self._failure = error
        with self._changed:
            self._changed.notify()

    def next(self) -> Frame | None:
        """The newest frame that was not given yet, or None when none came in time. The camera's error is raised here."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame or self._failure, _TICK)
            if self._failure:
                raise self._failure
            frame, self._frame = self._frame, None
            return frame

    def close(self) -> None:
        """End the camera and the thread."""
        self._camera.close()
        self._thread.join()


class ExhibitSource(Closing):
    """A camera with something for the time when nobody is before it.

    While the camera has no picture, or nothing has moved for ``attract_after`` seconds, the clips (or, without any,
    photographs of the package) are shown; motion before the camera ends that at once. Outside the opening hours the
    camera is closed, and black pictures come.

    Args:
        open_camera: opens the camera anew.
        clips: video files for the time in between, one after the other.
        attract_after: seconds without motion, None for never.
        hours: when it is open, None for always.
        clock: seconds that never go back; motion is timed by it.
        wall_clock: local time.
    """

    def __init__(
        self,
        open_camera: Callable[[], LiveSource],
        clips: Sequence[Path] = (),
        *,
        attract_after: float | None = 60.0,
        hours: Hours | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._open_camera, self._clips = open_camera, tuple(clips)
        self._attract_after = attract_after
        self._hours, self._clock, self._wall_clock = hours, clock, wall_clock
        self._camera = open_camera()
        self._shown = np.zeros((self._camera.info.height, self._camera.info.width, 3), np.uint8)
        self._stopping = threading.Event()
        self._index = 0
        self._override: SourceState | None = None
        self._past = SourceCounts()
        self._start = time.perf_counter()
        self.wakes = 0
        self._watcher: CameraWatcher | None = None

    @property
    def name(self) -> str:
        """What may be shown of the camera: no password."""
        return self._camera.name

    @property
    def info(self) -> VideoInfo:
        """The size is that of the last picture."""
        height, width = self._shown.shape[:2]
        return VideoInfo(width, height, Fraction(30), live=True)

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._start

    @property
    def state(self) -> SourceState:
        """``attracting``, with the camera's trouble for its reason, and ``closed``; or the camera's."""
        if self._override and self._override.phase == "attracting":
            return SourceState("attracting", self._camera.state.notice)
        return self._override or self._camera.state

    @property
    def counts(self) -> SourceCounts:
        """Of all cameras so far, and of the pictures that were shown in their place."""
        past, now = self._past, self._camera.counts
        return SourceCounts(
            captured=past.captured + now.captured,
            dropped=past.dropped + now.dropped,
            damaged=past.damaged + now.damaged,
            stalls=past.stalls + now.stalls,
            reconnects=past.reconnects + now.reconnects,
        )

    def __iter__(self) -> Iterator[Frame]:
        camera: LiveSource | None = self._camera
        while not self._stopping.is_set():
            if self._hours and not self._hours.is_open(self._wall_clock()):
                opens = self._hours.opens_after(self._wall_clock()).isoformat(timespec="minutes")
                self._override = SourceState("closed", opens=opens)
                yield self._numbered(_CLOSED, self.now, fresh=False)
                self._stopping.wait(_TICK)
                continue
            self._override = None
            if camera is None:
                self._camera = camera = self._open_camera()
            with closing(CameraWatcher(camera, self._clock)) as watcher:
                self._watcher = watcher
                yield from self._opened(camera, watcher)
            self._watcher = None
            self._past, camera = self.counts, None
            self._camera.counts = SourceCounts()

    def _opened(self, camera: LiveSource, watcher: CameraWatcher) -> Iterator[Frame]:
        """Until the hours are over."""
        while not self._is_over():
            if self._is_deserted(watcher):
                self._override = SourceState("attracting")
                yield from self._attraction(watcher)
                self._override = None
                self.wakes += 1
            frame = watcher.next()
            if frame:
                yield self._numbered(frame.image, frame.time + camera.start - self._start, fresh=frame.fresh)

    def _is_over(self) -> bool:
        return self._stopping.is_set() or bool(self._hours and not self._hours.is_open(self._wall_clock()))

    def _is_deserted(self, watcher: CameraWatcher) -> bool:
        now = self._clock()
        if now - watcher.last_fresh > _CAMERA_PATIENCE:
            return True
        return self._attract_after is not None and now - watcher.last_motion > self._attract_after

    def _attraction(self, watcher: CameraWatcher) -> Iterator[Frame]:
        """Until somebody moves, or the camera that was missing is back."""
        camera_was_there = self._clock() - watcher.last_fresh <= _CAMERA_PATIENCE
        began = self._clock()
        with self._pictures() as pictures:
            for image in pictures:
                is_fresh = image is not None
                self._past.captured += is_fresh
                yield self._numbered(self._shown if image is None else image, self.now, fresh=is_fresh)
                camera_is_there = self._clock() - watcher.last_fresh <= _CAMERA_PATIENCE
                moved = camera_is_there and watcher.last_motion > began
                if self._is_over() or moved or (camera_is_there and not camera_was_there):
                    if not moved:
                        watcher.last_motion = self._clock()  # a camera that is back is worth a look
                    return

    @contextmanager
    def _pictures(self) -> Iterator[Iterable[UInt8Array | None]]:
        """What attracts people, without end; None while the next is not ready."""
        with closing(_played(self._clips)) as played:
            yield itertools.chain(played, slideshow(photographs()))

    def _numbered(self, image: UInt8Array, at: float, *, fresh: bool) -> Frame:
        self._shown = image
        frame = Frame(image, self._index, max(0.0, at), fresh)
        self._index += 1
        return frame

    def wake(self) -> None:
        """Somebody is there, though nothing has moved before the camera: they touch the page."""
        if self._watcher:
            self._watcher.last_motion = self._clock()

    def close(self) -> None:
        """End the iteration soon, and the camera."""
        self._stopping.set()
        self._camera.close()


def _played(clips: Sequence[Path]) -> Generator[UInt8Array | None, None, None]:
    """The clips in real time, around and around, None while one is slow to begin; it ends when none can be played."""
    settings = CaptureSettings(loop=len(clips) == 1, give_up_after=_CLIP_PATIENCE)
    broken: set[Path] = set()
    for clip in itertools.cycle(clips):
        if broken.issuperset(clips):
            return
        shown = False
        try:
            with LiveSource(clip, settings) as source:
                for frame in source:
                    shown |= frame.fresh
                    yield frame.image if frame.fresh else None
        except SourceError as error:
            _log.warning(f"attract: {error}")
        if shown:
            broken.discard(clip)
        else:
            broken.add(clip)
