"""The sink of the live page: encodes each frame once, for all who wait for it, and not at all for nobody."""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np

from streamcam.drawing.overlay import upsample
from streamcam.live.controls import Controls, SessionEnd
from streamcam.types import Explanation, Frame, UInt8Array
from streamcam.web.broadcast import Bulletin
from streamcam.web.messages import picture_message

_LARGEST = 1280  # pixels of the longer side, as sent
_LISTED = 5  # classes in the bars
_FINE = 8  # pixels of sent heat a cell of the map, interpolated bicubically as the overlay does


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame as pages get it.

    Attributes:
        id: counts up.
        message: see ``messages``.
        time: of the frame, in seconds from the start of its source.
    """

    id: int
    message: bytes
    time: float


class Page:
    """Takes frames as they are, draws nothing: the pages do.

    Args:
        controls: how the picture is drawn for those who take it as plain MJPEG.
        quality: of the JPEGs, 1…100.
    """

    def __init__(self, controls: Controls, quality: int = 80) -> None:
        self.shots: Bulletin[Shot] = Bulletin()
        self.pictures: Bulletin[bytes] = Bulletin()
        self.seen = self.encoded = self.encoded_pictures = 0
        self.last_seen = self.last_painted = time.monotonic()
        self._controls, self._quality = controls, quality
        self.is_ending = False

    def begin(self) -> None:
        """A session begins."""
        self.is_ending = False

    def draw(self, image: UInt8Array, explanation: Explanation) -> UInt8Array:
        """The picture as it is."""
        return image

    def write(self, frame: Frame, explanation: Explanation | None) -> None:
        """Send a frame to who waits for one. Raises ``SessionEnd`` once ``end`` was called."""
        if self.is_ending:
            raise SessionEnd
        self.seen += 1
        self.last_seen = time.monotonic()
        if self.shots.is_awaited:
            self.encoded += 1
            self.shots.post(Shot(self.encoded, self._message(frame, explanation), frame.time))
        if self.pictures.is_awaited:
            self.encoded_pictures += 1
            image = frame.image
            if explanation is not None and explanation.heat is not None:
                image = self._controls.overlay.draw(image, explanation)
            self.pictures.post(self._jpeg(_reduced(image)))

    def _message(self, frame: Frame, explanation: Explanation | None) -> bytes:
        height, width = frame.image.shape[:2]
        header: dict[str, Any] = {"id": self.encoded, "time": round(frame.time, 3), "fresh": frame.fresh}
        heat = b""
        if explanation is not None and explanation.heat is not None:
            r = explanation.region
            maps = [upsample(one, one.shape[0] * _FINE, one.shape[1] * _FINE) for one in explanation.heat]
            heat = b"".join(one.tobytes() for one in maps)
            header |= {
                "heat": [len(maps), *maps[0].shape],
                "region": [r.x0 / width, r.y0 / height, r.x1 / width, r.y1 / height],
                "top": [[index, round(score, 4)] for index, score in explanation.top(_LISTED)],
                "targets": [
                    [int(index), round(float(score), 4)]
                    for index, score in zip(explanation.classes, explanation.scores, strict=True)
                ],
                "evidence": [round(float(one.max()), 3) for one in explanation.heat],
            }
        return picture_message(header, heat, self._jpeg(_reduced(frame.image)))

    def _jpeg(self, image: UInt8Array) -> bytes:
        return np.asarray(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, self._quality])[1]).tobytes()

    def end(self) -> None:
        """End the session with the next frame."""
        self.is_ending = True

    def close(self) -> None:
        """Nothing is held open here."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _reduced(image: UInt8Array) -> UInt8Array:
    height, width = image.shape[:2]
    scale = _LARGEST / max(height, width)
    if scale >= 1:
        return image
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
