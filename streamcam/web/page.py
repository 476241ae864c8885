"""The sink of the live page: encodes each frame once for all viewers, and not at all while there are none."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from streamcam.drawing.colours import upsample
from streamcam.drawing.corner import SteadyCorner
from streamcam.drawing.jpeg import encode_jpeg
from streamcam.drawing.strip import heights_of
from streamcam.live.controls import Controls, SessionEnd
from streamcam.protocols import Closing
from streamcam.types import Explanation, Frame, UInt8Array
from streamcam.web.broadcast import Broadcast
from streamcam.web.messages import PictureHeader, picture_message

_LARGEST = 1280  # pixels of the longer side, as sent
_LISTED = 5  # classes in the bars
_FINE = 8  # pixels of sent heat a cell of the map, interpolated bicubically as the overlay does


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One frame as pages get it.

    Attributes:
        id: counts up.
        message: see ``streamcam.web.messages``.
        time: of the frame, in seconds from the start of its source.
    """

    id: int
    message: bytes
    time: float


class PageSink(Closing):
    """Takes frames without heat: the pages lay the heat over them.

    Args:
        controls: how the picture is drawn for those who take it as plain MJPEG.
        quality: of the JPEGs, 1…100.

    Attributes:
        frames: brings each frame to the pages.
        mjpeg: brings each annotated picture, a JPEG, to those who take plain MJPEG.
        received: how many frames came.
        encoded: how many of them were encoded for pages.
        encoded_mjpeg: how many were encoded for plain MJPEG.
        last_received: when the last frame came, by ``time.monotonic``.
        last_painted: when a viewer's screen last showed one.
        is_ending: whether the session ends with the next frame.
    """

    def __init__(self, controls: Controls, quality: int = 80) -> None:
        self.frames: Broadcast[EncodedFrame] = Broadcast()
        self.mjpeg: Broadcast[bytes] = Broadcast()
        self.received = self.encoded = self.encoded_mjpeg = 0
        self.last_received = self.last_painted = time.monotonic()
        self._controls, self._quality = controls, quality
        self._corner = SteadyCorner()
        self.is_ending = False
        self._heard: Callable[[Explanation], object] = lambda _: None

    def listen(self, heard: Callable[[Explanation], object]) -> None:
        """Tell what the model said of each frame to somebody else, too."""
        self._heard = heard

    def begin(self) -> None:
        """A session begins."""
        self.is_ending = False

    def draw(self, image: UInt8Array, explanation: Explanation) -> UInt8Array:
        """The picture as it is."""
        return image

    def write(self, frame: Frame, explanation: Explanation | None) -> None:
        """Send a frame to those who wait for one. Raises ``SessionEnd`` once ``end`` was called."""
        if self.is_ending:
            raise SessionEnd
        self.received += 1
        self.last_received = time.monotonic()
        if explanation is not None:
            self._heard(explanation)
        if self.frames.is_awaited:
            self.encoded += 1
            self.frames.post(EncodedFrame(self.encoded, self._message(frame, explanation), frame.time))
        if self.mjpeg.is_awaited:
            self.encoded_mjpeg += 1
            image = frame.image
            if explanation is not None and explanation.heat is not None:
                image = self._controls.overlay.draw(image, explanation, self._corner)
            self.mjpeg.post(self._jpeg(image))

    def _message(self, frame: Frame, explanation: Explanation | None) -> bytes:
        jpeg = self._jpeg(frame.image)
        at = round(float(frame.time), 3)
        if explanation is None or explanation.heat is None:
            return picture_message(PictureHeader(id=self.encoded, time=at, fresh=frame.fresh), b"", jpeg)
        height, width = frame.image.shape[:2]
        r, covering = explanation.region, explanation.covering
        maps = [upsample(one, one.shape[0] * _FINE, one.shape[1] * _FINE) for one in explanation.heat]
        header = PictureHeader(
            id=self.encoded,
            time=at,
            fresh=frame.fresh,
            heat=(len(maps), *maps[0].shape),
            region=(r.x0 / width, r.y0 / height, r.x1 / width, r.y1 / height),
            top=tuple((index, round(score, 4)) for index, score in explanation.top(_LISTED)),
            targets=tuple(
                (int(index), round(float(score), 4))
                for index, score in zip(explanation.classes, explanation.scores, strict=True)
            ),
            evidence=tuple(round(float(one.max()), 3) for one in explanation.heat),
            verdict=explanation.verdict,
            covering=(round(covering.hot, 3), round(covering.cold, 3)) if covering else None,
            moments=_moments(explanation),
            seconds=round(float(explanation.clip.times[-1] - explanation.clip.times[0]), 2)
            if explanation.clip
            else None,
        )
        return picture_message(header, b"".join(one.tobytes() for one in maps), jpeg)

    def _jpeg(self, image: UInt8Array) -> bytes:
        return encode_jpeg(_reduced(image), self._quality)

    def end(self) -> None:
        """End the session with the next frame."""
        self.is_ending = True


def _moments(explanation: Explanation) -> tuple[tuple[float, ...], ...] | None:
    """The strip of time, of a video classifier."""
    if explanation.clip is None:
        return None
    return tuple(tuple(round(float(height), 3) for height in row) for row in heights_of(explanation))


def _reduced(image: UInt8Array) -> UInt8Array:
    height, width = image.shape[:2]
    scale = _LARGEST / max(height, width)
    if scale >= 1:
        return image
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
