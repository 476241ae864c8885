"""Make ``annotated.jpg``, the picture in the README: four frames of the sample as streamcam annotates it.

python samples/make_picture.py
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from streamcam import GradCAM, Overlay, VideoSource, load_model, steadied
from streamcam.pipeline.explaining import explained

HERE = Path(__file__).parent
SHOWN = (30, 150)  # a frame of each scene


def main() -> None:
    """Write the picture: above the frames, below the same frames annotated."""
    explain = GradCAM(load_model())
    overlay = Overlay(explain.labels)
    columns = []
    with VideoSource(HERE / "cat_and_coffee.mp4") as source:
        for frame, explanation in steadied(explained(source, explain), ahead=8):
            if frame.index in SHOWN and explanation:
                columns.append(np.vstack([frame.image, overlay.draw(frame.image, explanation)]))
    cv2.imwrite(str(HERE / "annotated.jpg"), np.hstack(columns), [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
