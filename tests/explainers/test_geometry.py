"""Which part of a frame the model sees, for frames of any size."""

from __future__ import annotations

import numpy as np
import pytest
from makers import models
from makers.explainers import RAW, exact, image

from streamcam import wrap_model
from streamcam.explainers.geometry import view_of
from streamcam.types import Region


def test_geometry():
    size = (224, 224)
    view = view_of((720, 1280), "native", size, 32)
    assert (view.height, view.width) == (224, 384)
    assert view.region == Region(0, 0, 1280, 720)
    assert (view_of((1280, 720), "native", size, 32).height, view_of((1280, 720), "native", size, 32).width) == (
        384,
        224,
    )
    assert view_of((720, 1280), "crop", size, 32).region == Region(280, 0, 1000, 720)
    assert (view_of((720, 1280), "stretch", size, 32).height, view_of((720, 1280), "stretch", size, 32).width) == size


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (2000, 3), (31, 57), (480, 640), (1080, 1920)])
@pytest.mark.parametrize("fit", ["native", "stretch", "crop"])
def test_frames_of_any_size(shape, fit):
    explanation = exact(wrap_model(models.flat().model, preprocessing=RAW), fit=fit)(image(*shape))
    r = explanation.region
    assert 0 <= r.x0 < r.x1 <= shape[1]
    assert 0 <= r.y0 < r.y1 <= shape[0]
    assert np.isfinite(explanation.heatmaps).all()
