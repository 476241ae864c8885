"""Pictures at the size that the bundled model sees."""

from __future__ import annotations

import numpy as np
import pytest

from streamcam.photographs import photographs


@pytest.fixture(scope="module")
def pictures():
    import cv2

    return [np.ascontiguousarray(cv2.resize(p, (224, 224))) for p in photographs()]
