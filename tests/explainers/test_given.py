"""What people give an explainer: a name, a path, a file that is missing, a class by itself."""

from __future__ import annotations

import numpy as np
import pytest

from streamcam import ClipGradCAM, GradCAM
from streamcam.errors import ModelError, OptionError, TargetError


@pytest.fixture(scope="module")
def explain():
    return GradCAM("efficientnet-lite0", precision="f32")


def test_a_model_by_its_name_or_path(explain, tiny_model, cat):
    assert explain.classifier.name == "efficientnet-lite0"
    assert explain(cat).probabilities.shape == (1000,)
    assert GradCAM(tiny_model).classifier.name == tiny_model.name
    assert ClipGradCAM("motions").sampling.frames == 16
    with pytest.raises(ModelError, match="efficientnet-lite9"):
        GradCAM("efficientnet-lite9")


@pytest.mark.parametrize("target", ["tabby", 281])
def test_one_target_is_one_and_not_as_many_as_it_has_letters(explain, cat, target):
    for explanation in (
        explain(cat, target),
        explain(cat, [target]),
        GradCAM("efficientnet-lite0", targets=target)(cat),
    ):
        assert explanation.classes.tolist() == [281]
    with pytest.raises(TargetError, match="at least one"):
        explain(cat, [])


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (None, "cv2.imread gives of a file that it cannot read"),
        ("cat.jpg", "cat.jpg: a path is no image"),
        ([[1, 2, 3]], "not a list"),
        (np.zeros((4, 4), np.uint8), r"not \(4, 4\) uint8"),
        (np.zeros((4, 4, 3), np.float32), "float32"),
        (np.zeros((0, 4, 3), np.uint8), r"not \(0, 4, 3\) uint8"),
    ],
)
def test_what_is_no_image_ends_in_one_clear_line(explain, image, reason):
    with pytest.raises(OptionError, match=reason):
        explain(image)
    with pytest.raises(OptionError, match=reason):
        ClipGradCAM("motions").explain_clip([image] * 16)
