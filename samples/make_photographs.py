"""Make the small photographs in ``streamcam/photographs``, on which half precision is measured and the bench runs.

pip install streamcam scikit-image
python samples/make_photographs.py
"""

from __future__ import annotations

from pathlib import Path

import cv2
import skimage.data

import streamcam

FOLDER = Path(streamcam.__file__).parent / "photographs"
LONG_SIDE = 320


def main() -> None:
    """Write the five photographs."""
    for name in ("astronaut", "camera", "chelsea", "coffee", "rocket"):
        image = getattr(skimage.data, name)()
        image = image[..., ::-1] if image.ndim == 3 else image
        scale = LONG_SIDE / max(image.shape[:2])
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(FOLDER / f"{name}.jpg"), small, [cv2.IMWRITE_JPEG_QUALITY, 85])


if __name__ == "__main__":
    main()
