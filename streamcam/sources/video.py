"""Read a video file frame by frame, each frame with its exact time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from streamcam.errors import SourceError
from streamcam.protocols import Closing
from streamcam.sources.images import check_readable
from streamcam.sources.probe import last_packet_time, probe
from streamcam.types import Frame, UInt8Array, VideoInfo

# More damaged packets in a row than this are the end of the file.
_ATTEMPTS = 500


class VideoSource(Closing):
    """The frames of a video file, upright, each with the time the file gives it.

    After the last frame, ``lost`` says how many frames the file promises that could not be read: it is not 0 for a
    file that breaks off or is damaged in the middle.

    Args:
        path: a file in any format that OpenCV's FFmpeg reads.

    Raises:
        SourceError: the file is missing, empty, cut off, has no picture, or is no media at all.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        check_readable(self.path)
        self._facts = facts = probe(self.path)
        self._capture = cv2.VideoCapture(str(self.path.absolute()), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise SourceError(f"{self.path}: OpenCV cannot decode this video; convert it to H.264, for example")
        self.info = VideoInfo(
            # OpenCV turns frames upright by itself, and gives the size after that.
            width=int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            height=int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
            frame_rate=facts.frame_rate,
            frame_count=facts.frame_count,
            duration=facts.duration,
            time_base=facts.time_base,
            audio=self.path if facts.has_audio else None,
            colour_tagged=facts.colour_tagged,
            pixel_aspect=facts.pixel_aspect,
        )
        self.lost = 0

    def __iter__(self) -> Iterator[Frame]:
        interval = float(1 / self.info.frame_rate)
        index, time = 0, -interval
        while (image := self._read(index)) is not None:
            # OpenCV counts from the first frame of the video track. Old containers (AVI) may lack times.
            reported = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 + self._facts.start
            time = reported if index == 0 or reported > time else time + interval
            yield Frame(image, index, time)
            index += 1
        if index == 0:
            raise SourceError(f"{self.path}: no frame of it can be decoded; the file is damaged")
        self.lost = self._count_lost(index)

    def _read(self, index: int) -> UInt8Array | None:
        """The next frame that can be decoded, or None at the end.

        OpenCV gives up at every damaged packet, and goes on behind it when it is asked again.
        """
        for attempt in range(_ATTEMPTS):
            ok, image = self._capture.read()
            if ok:
                return image.astype(np.uint8, copy=False)
            if attempt == 0 and not self._count_lost(index):
                return None
        return None

    def _count_lost(self, read: int) -> int:
        """How many frames are missing, by every estimate the file gives: the lowest counts.

        A file whose edit list skips frames, or whose audio runs on after the picture, has lost nothing.
        """
        facts = self._facts
        estimates = [facts.frame_count] if facts.frame_count else []
        if facts.duration:
            estimates.append(round(facts.duration * facts.frame_rate))
        lost = min(estimates, default=0) - read
        tolerance = 0 if facts.frame_count else 1
        if lost <= tolerance:
            return 0
        if not facts.frame_count and facts.duration and last_packet_time(self.path) > facts.duration - 1:
            return 0
        return lost

    def close(self) -> None:
        """Release the file."""
        self._capture.release()
