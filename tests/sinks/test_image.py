"""Images that were written."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from makers import clips

from streamcam import ImageSink
from streamcam.errors import SinkError


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "bmp", "tiff"])
def test_images_are_written_as_images(tmp_path, ending):
    with ImageSink(tmp_path / f"虎.{ending}") as sink:
        sink.write(clips.frames(1)[0], clips.explanation())
    image = cv2.imdecode(np.fromfile(sink.output.path, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_allclose(image[40, 40], clips.picture(0)[40, 40], atol=6)
    with pytest.raises(SinkError, match=r"\.png or \.jpg"), ImageSink(tmp_path / "a.nonsense") as sink:
        sink.write(clips.frames(1)[0], clips.explanation())
