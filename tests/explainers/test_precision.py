"""A lower precision is used only where it keeps the explanation."""

from __future__ import annotations

import numpy as np
import pytest
from makers import models
from makers.explainers import exact

from streamcam import GradCAM, VideoSource, wrap_model
from streamcam.backends.recipe import Recipe
from streamcam.explainers.build import Builder, EngineSettings
from streamcam.explainers.precision import LEAST_CORRELATION, compare, correlation
from streamcam.models.preprocessing import PREPROCESSINGS
from streamcam.photographs import views


@pytest.mark.filterwarnings("ignore:precision f16|precision bf16")  # where the processor has only the other
@pytest.mark.parametrize("precision", ["auto", "bf16", "f16"])
def test_half_precision_keeps_the_explanation(bundled, precision, cat, coffee, sample):
    """The promise of `--precision auto`, and that of the processor's half precision if it is asked for."""
    explain = GradCAM(bundled, precision=precision)
    reference = exact(bundled)
    with VideoSource(sample) as source:
        pictures = [cat, coffee, *(frame.image for frame in source if frame.index % 12 == 0)]
    agreements = []
    for picture in pictures:
        expected = reference(picture)
        actual = explain(picture, targets=[int(expected.classes[0])])
        assert correlation(expected.heatmaps[0], actual.heatmaps[0]) >= 0.99
        agreements.append(actual.top(1)[0][0] == expected.top(1)[0][0])
    assert np.mean(agreements) >= 0.98


def test_precision_is_refused_where_it_changes_the_explanation():
    class Wrong:
        """The reference, with its map turned around: an engine that computes something else."""

        def __init__(self, engine):
            self.start = lambda image, targets: lambda: self._turned(*engine.start(image, targets)())

        @staticmethod
        def _turned(heatmaps, probabilities, classes):
            return heatmaps[:, ::-1], probabilities, classes

    reference = Builder(EngineSettings(precision="f32"))
    recipe = Recipe(
        wrap_model(models.flat().model, preprocessing=PREPROCESSINGS["unit"]), (), "gradcam", "logit", (48, 48), 1
    )
    engine, _ = reference.build(recipe)
    same = compare(engine, engine, views(48, 48))
    assert same.correlation == pytest.approx(1)
    assert same.agreement == 1
    assert compare(engine, Wrong(engine), views(48, 48)).correlation < LEAST_CORRELATION
