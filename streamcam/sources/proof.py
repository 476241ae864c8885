"""Prove that a reader shows what is in a file: OpenCV's pictures are compared with what PyAV decodes.

OpenCV returns true with a black picture, or with the one before, where it cannot convert a frame (interlaced ones, since
4.13), has no decoder for some codecs, and mirrors nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from streamcam.sources.conversion import Conversion
from streamcam.sources.decoder import Decoder, seconds_of
from streamcam.sources.hdr import ToneMap, tone_map_of
from streamcam.sources.orientation import Orientation, read_matrix
from streamcam.types import Float32Array, UInt8Array

_UNSPECIFIED = 2  # AVCOL_TRC_UNSPECIFIED
_SIDE = 24  # pixels of a thumbnail
_PIXELS = 6_000_000  # about how many to decode for a proof: six frames of 720p
_QUICK = 0.02  # seconds for a larger picture, so that there is time for a second one
_ENOUGH = 480  # pixels of the shorter side, of which a thumbnail is made
_MOST = 8  # frames to decode for a proof
_MEAN = 3.0  # levels that the mean of a colour may differ
_CLEAR = 8.0  # levels that thumbnails may differ, on the average of their pixels
_FLAT, _SEEN = 2.0, 6.0  # standard deviation of what shows nothing, and of what shows something


@dataclass(frozen=True, slots=True, eq=False)
class Opening:
    """The first pictures of a track, as PyAV decodes them.

    Attributes:
        first: a thumbnail of the first picture, upright.
        further: of one further in, or None where there is only one.
        distance: how many pictures further.
        time: of the first picture, in seconds from the start of the file, None where it has none.
        size: width and height before it is turned.
        orientation: what turns it upright.
        interlaced: whether one of them is interlaced.
        transparent: whether it may be transparent.
        tone: how it is tone-mapped, None where it is of normal range.
        needs_dolby: whether only Dolby Vision's own data tell its colours (profile 5): no other base lies under it.
    """

    first: Float32Array
    further: Float32Array | None
    distance: int
    time: float | None
    size: tuple[int, int]
    orientation: Orientation
    interlaced: bool
    transparent: bool
    tone: ToneMap | None
    needs_dolby: bool


def first_pictures(decoder: Decoder) -> Opening | None:
    """Decode the first pictures of a track, a few milliseconds' worth; None where none can be decoded."""
    began = time.perf_counter()
    first = next(decoder, None)
    if first is None:
        return None
    size = first.width, first.height
    count = min(_MOST, _PIXELS // (size[0] * size[1]))
    if not count and time.perf_counter() - began < _QUICK:
        count = 1
    frames = [first]
    for _ in range(count):
        frame = next(decoder, None)
        if frame is None:
            break
        frames.append(frame)
    side = {data.type.name: bytes(data) for data in first.side_data}
    orientation = read_matrix(side["DISPLAYMATRIX"]) if "DISPLAYMATRIX" in side else Orientation()
    return Opening(
        first=_seen(first, orientation, size),
        further=_seen(frames[-1], orientation, size) if len(frames) > 1 else None,
        distance=len(frames) - 1,
        time=None if first.pts is None else seconds_of(first) - decoder.origin,
        size=size,
        orientation=orientation,
        interlaced=any(frame.interlaced_frame for frame in frames),
        transparent=any(part.is_alpha for part in first.format.components),
        tone=_tone(first, side),
        needs_dolby=first.color_trc == _UNSPECIFIED and bool({"DOVI_METADATA", "DOVI_RPU_BUFFER"} & set(side)),
    )


def _tone(frame: Any, side: dict[str, bytes]) -> ToneMap | None:
    light = side.get("CONTENT_LIGHT_LEVEL", b"")
    brightest = int.from_bytes(light[:4], "little") if len(light) >= 4 else 0
    mastering = side.get("MASTERING_DISPLAY_METADATA", b"")
    return tone_map_of(frame.color_trc, frame.color_primaries, max_light=brightest, mastering=mastering)


def _seen(frame: Any, orientation: Orientation, size: tuple[int, int]) -> Float32Array:
    part = max(1, min(size) // _ENOUGH)
    small = size[0] // part, size[1] // part
    ((image, _),) = Conversion(orientation, size=small, deinterlace=False).pictures(frame)
    return thumbnail(image)


def thumbnail(image: UInt8Array) -> Float32Array:
    """A small picture of a picture, ``(24, 24, 3)`` float32."""
    return np.asarray(cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.float32)


def alike(shown: Float32Array, decoded: Float32Array) -> bool:
    """Whether two thumbnails are of the same picture, but for rounding."""
    if shown.std() < _FLAT and decoded.std() > _SEEN:
        return False  # what is black, or gray, in one and not in the other
    difference = shown - decoded
    return bool(np.abs(difference).mean() < _CLEAR and np.abs(difference.mean((0, 1))).max() < _MEAN)
