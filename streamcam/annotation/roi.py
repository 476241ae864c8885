"""Regions of interest: where the evidence ought to lie, and how much of it does, frame by frame."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from streamcam.errors import OptionError, SourceError
from streamcam.sources import open_source
from streamcam.sources.content import kind_of
from streamcam.sources.images import read_image
from streamcam.types import Explained, Float32Array, Frame, Inside, Region, UInt8Array

_NUMBER = r"-?\d+(?:\.\d+)?"
_BOX = re.compile(rf"{_NUMBER}(?:,{_NUMBER}){{3}}")
_OTHER_SHAPE = 0.02  # by which a mask may be wider or narrower than the frames: sizes are rounded
_SMALLEST_TRACKED = 8  # pixels of a box's side: of boxes of a few pixels, OpenCV's tracker never comes back
_FAR = 1e6  # pixels: beyond any frame, and still a number that OpenCV can draw with
_POLYGON = re.compile(rf"{_NUMBER},{_NUMBER}(?:\s+{_NUMBER},{_NUMBER}){{2,}}")


@dataclass(frozen=True, slots=True)
class Roi:
    """A region of interest.

    Attributes:
        outline: ``(N, 2)`` x and y in frame pixels of a polygon; None where a mask is given.
        mask: an image or a video whose light pixels are inside, or None.
        is_box: whether the outline is an upright box, which can be tracked.
        text: as people wrote it.
    """

    outline: tuple[tuple[float, float], ...] | None = None
    mask: Path | None = None
    is_box: bool = False
    text: str = ""

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right and lower edge of an outline, in frame pixels."""
        x, y = zip(*(self.outline or ()), strict=True)
        return min(x), min(y), max(x), max(y)


def parse_roi(text: str) -> Roi:
    """Read ``x,y,width,height``, or ``x,y x,y x,y …``, or the path of a mask image or video.

    Raises:
        OptionError: it is neither.
        SourceError: the mask cannot be read.
    """
    text = text.strip()
    if _BOX.fullmatch(text):
        x, y, width, height = map(float, text.split(","))
        if width <= 0 or height <= 0:
            raise OptionError(f"roi {text}: width and height must be more than 0")
        return Roi(((x, y), (x + width, y), (x + width, y + height), (x, y + height)), is_box=True, text=text)
    if _POLYGON.fullmatch(text):
        points = [tuple(map(float, point.split(","))) for point in text.split()]
        return Roi(tuple((x, y) for x, y in points), text=text)
    path = Path(text)
    if path.suffix and not path.exists():
        raise SourceError(f"{path}: no such mask; a region is x,y,width,height, or x,y x,y x,y, or a mask's file")
    if not path.exists():
        raise OptionError(f"roi {text}: give x,y,width,height, or x,y x,y x,y, or the file of a mask")
    return Roi(mask=path, text=text)


def share_inside(heatmap: Float32Array, region: Region, mask: UInt8Array) -> float | None:
    """The share of a map's evidence that lies inside a mask; None of no evidence.

    The energy-based pointing game of Wang et al. 2020 (arXiv:1910.01279), with cells on the border counted in part.

    Args:
        heatmap: ``(h, w)`` float32, raw evidence.
        region: the part of the frame that the map covers.
        mask: ``(H, W)`` uint8 of the frame, 0 outside, 255 inside.
    """
    total = float(heatmap.sum())
    if total <= 0:
        return None
    h, w = heatmap.shape
    part = mask[region.y0 : region.y1, region.x0 : region.x1]
    cover = cv2.resize(part.astype(np.float32) / 255, (w, h), interpolation=cv2.INTER_AREA)
    return min(1.0, float((heatmap * cover).sum() / total))


class Masks:
    """The regions as one mask for each frame, in the order of the frames. What reaches beyond the frame is cut.

    Args:
        rois: their union counts as inside.
        track: whether boxes follow what was in them on the first frame. A box as large as the frame has nowhere to go.
        name: of the source, for errors.
        start: of the video in seconds, and of mask videos with it.
    """

    def __init__(self, rois: Sequence[Roi], *, track: bool = False, name: str = "", start: float = 0.0) -> None:
        self._rois = rois
        self._name = f"{name}: " if name else ""
        self._start = start
        self._track = track
        self._trackers: dict[int, cv2.Tracker | None] = {}
        self._checked = False
        self._films: dict[Path, Iterator[Frame]] = {}
        self._last: dict[Path, UInt8Array] = {}

    def of(self, image: UInt8Array) -> UInt8Array:
        """``(H, W)`` uint8 for the next frame, 255 inside.

        Raises:
            SourceError: a region lies wholly outside of the first frame, or a mask is of another shape than the frames.
        """
        self._read_masks()
        if not self._checked:
            for roi in self._rois:
                self._check(roi, image)
            self._checked = True
        mask = np.zeros(image.shape[:2], np.uint8)
        for number, roi in enumerate(self._rois):
            if roi.mask:
                mask = np.maximum(mask, self._sized(roi.mask, image.shape[:2]))
            elif roi.outline:
                points = self._tracked(number, roi, image) if self._track and roi.is_box else roi.outline
                _fill(mask, points)
        return mask

    def _check(self, roi: Roi, image: UInt8Array) -> None:
        """Refuse a region that cannot be of these frames: nothing would ever be inside."""
        height, width = image.shape[:2]
        if roi.mask:
            mask_height, mask_width = self._last[roi.mask].shape[:2]
            if abs(mask_width * height / (mask_height * width) - 1) > _OTHER_SHAPE:
                raise SourceError(
                    f"{self._name}the mask {roi.mask} is {mask_width}x{mask_height}, and the frames are {width}x{height}; "
                    "give a mask of the frames' size, or of the same shape"
                )
            if kind_of(roi.mask) == "image" and not self._sized(roi.mask, image.shape[:2]).any():
                raise SourceError(f"{self._name}nothing is inside of the mask {roi.mask}; what is inside must be light")
            return
        left, top, right, lower = roi.bounds
        drawn = np.zeros(image.shape[:2], np.uint8)
        _fill(drawn, roi.outline or ())
        if right <= 0 or lower <= 0 or left >= width or top >= height or not drawn.any():
            raise SourceError(
                f"{self._name}roi {roi.text} lies outside of the frames, which are {width}x{height}; give x and y in pixels from "
                "their upper left corner"
            )
        visible = min(right, width) - max(left, 0), min(lower, height) - max(top, 0)
        if self._track and roi.is_box and min(visible) < _SMALLEST_TRACKED:
            raise SourceError(
                f"{self._name}roi {roi.text}: too little of it is in the frames to be followed; give {_SMALLEST_TRACKED}x"
                f"{_SMALLEST_TRACKED} pixels or more, or no --track"
            )

    def _read_masks(self) -> None:
        """The next picture of each mask; the last one stays."""
        for path in {roi.mask for roi in self._rois if roi.mask}:
            if path not in self._films:
                if kind_of(path) == "image":
                    self._last[path] = read_image(path, background=0)  # what is transparent is not inside
                    self._films[path] = iter(())
                else:
                    self._films[path] = iter(open_source(path, start=self._start))
            if frame := next(self._films[path], None):
                self._last[path] = frame.image

    def _sized(self, path: Path, shape: tuple[int, int]) -> UInt8Array:
        gray = cv2.cvtColor(self._last[path], cv2.COLOR_BGR2GRAY)
        sized = cv2.resize(gray, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
        return np.where(sized > 127, 255, 0).astype(np.uint8)

    def _tracked(self, number: int, roi: Roi, image: UInt8Array) -> Sequence[tuple[float, float]]:
        assert roi.outline
        if number not in self._trackers:
            self._trackers[number] = _tracker(image, roi)
            return roi.outline
        tracker = self._trackers[number]
        if tracker is None:
            return roi.outline
        _, (x, y, width, height) = tracker.update(image)
        return (x, y), (x + width, y), (x + width, y + height), (x, y + height)


def _fill(mask: UInt8Array, points: Sequence[tuple[float, float]]) -> None:
    cv2.fillPoly(mask, [np.rint(np.clip(points, -_FAR, _FAR)).astype(np.int32)], 255)


def _tracker(image: UInt8Array, roi: Roi) -> cv2.Tracker | None:
    """What follows the part of a box that is in the frame; None where the box takes so much of it that nothing moves."""
    left, top, right, lower = roi.bounds
    x, y = round(max(left, 0)), round(max(top, 0))
    tracker = cv2.TrackerMIL.create()
    try:
        tracker.init(image, (x, y, round(min(right, image.shape[1])) - x, round(min(lower, image.shape[0])) - y))
    except cv2.error:
        return None
    return tracker


@dataclass(slots=True)
class Interval:
    """An interval of time, in seconds from the start of the source; ``end`` grows while it lasts."""

    begin: float
    end: float


class Inspection:
    """Measures how much of the evidence lies inside, frame by frame.

    Args:
        masks: what is inside.
        alert_below: share of the evidence inside under which a frame is marked, 0…1; None for never.

    Attributes:
        alert_below: as given.
        intervals: when too little of the first target's evidence lay inside.
    """

    def __init__(self, masks: Masks, *, alert_below: float | None = None) -> None:
        if alert_below is not None and not 0 <= alert_below <= 1:
            raise OptionError(f"alert-below {alert_below:g}: the share of evidence inside is 0 to 1")
        self._masks = masks
        self.alert_below = alert_below
        self.intervals: list[Interval] = []
        self._alerting = False

    def measured(self, stream: Iterable[Explained]) -> Iterator[Explained]:
        """The same frames, with ``inside`` set in each explanation."""
        for frame, explanation in stream:
            mask = self._masks.of(frame.image)
            if explanation is None:
                yield frame, explanation
                continue
            shares = [share_inside(heatmap, explanation.region, mask) for heatmap in explanation.heatmaps]
            first = shares[0]
            alert = self.alert_below is not None and (first is None or first < self.alert_below)
            self._note(frame.time, alert)
            contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
            inside = Inside(tuple(shares), alert, tuple(np.asarray(contour, np.int32) for contour in contours))
            yield frame, replace(explanation, inside=inside)

    def _note(self, time: float, alert: bool) -> None:
        if alert and self._alerting:
            self.intervals[-1].end = time
        elif alert:
            self.intervals.append(Interval(time, time))
        self._alerting = alert
