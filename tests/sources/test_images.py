"""Image files."""

from __future__ import annotations

import cv2
import numpy as np
from makers import clips

from streamcam import ImageSource


def test_images_are_turned_upright_and_made_bgr(tmp_path):
    from PIL import Image

    picture = clips.picture(0)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise to see it upright
    Image.fromarray(picture[..., ::-1]).save(tmp_path / "a.jpg", exif=exif, quality=95)
    cv2.imwrite(str(tmp_path / "gray.png"), picture[..., 0])
    cv2.imwrite(str(tmp_path / "deep.png"), picture.astype(np.uint16) * 257)
    cv2.imwrite(str(tmp_path / "alpha.png"), np.dstack([picture, picture[..., 0]]))
    assert ImageSource(tmp_path / "a.jpg").info.width == 48
    for name in ("gray", "deep", "alpha"):
        [frame] = ImageSource(tmp_path / f"{name}.png")
        assert frame.image.shape == (48, 64, 3)
        assert frame.image.dtype == np.uint8
    np.testing.assert_array_equal(next(iter(ImageSource(tmp_path / "deep.png"))).image, picture)
