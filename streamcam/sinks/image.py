"""Write a frame as a still image."""

from __future__ import annotations

import cv2

from streamcam.errors import SinkError
from streamcam.sinks.commenting import with_comment
from streamcam.sinks.mark import MARK
from streamcam.sinks.partial import FileSink
from streamcam.types import Explanation, Frame


class ImageSink(FileSink):
    """Writes a frame as an image, in the format that the name's ending says (JPEG at quality 95).

    Example::

        with streamcam.ImageSink("cat.cam.png") as sink:
            streamcam.run(streamcam.ImageSource("cat.png"), explain, [sink])
    """

    def _write(self, frame: Frame, explanation: Explanation | None) -> None:
        suffix = self.output.path.suffix
        try:
            done, data = cv2.imencode(
                suffix, frame.image, [cv2.IMWRITE_JPEG_QUALITY, 95] if "jp" in suffix.lower() else []
            )
        except cv2.error:
            done = False
        if not done:
            raise SinkError(f"{self.output.path}: OpenCV cannot write images of this kind; use .png or .jpg")
        # imwrite cannot open every Unicode path on Windows, and writes no comment.
        self.output.part.write_bytes(with_comment(data.tobytes(), MARK))
