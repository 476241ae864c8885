"""Whether a map depends on what the model has learned."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from makers import models
from makers.explainers import exact
from makers.graphs import CLASSES, onnx_classifier

from streamcam import GradCAM, load_model, wrap_model
from streamcam.evaluate.sanity import randomised, sanity, spearman


def test_rank_correlation_is_that_of_the_textbook():
    stats = pytest.importorskip("scipy.stats")
    random = np.random.default_rng(0)
    a, b = random.integers(0, 5, (2, 9, 9)).astype(np.float32)
    assert spearman(a, b) == pytest.approx(stats.spearmanr(a.ravel(), b.ravel())[0])
    assert spearman(a, np.zeros_like(a)) == 0


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return onnx_classifier(tmp_path_factory.mktemp("models") / "tiny.onnx", softmax=True)


@pytest.mark.parametrize("kind", ["keras", "onnx"])
def test_the_last_kernel_or_all_are_shuffled_in_a_copy(kind, file):
    classifier = wrap_model(models.flat().model) if kind == "keras" else load_model(file, cache=False)
    forward = classifier.network.forward(classifier)
    before = constants(forward)
    for only_head in (True, False):
        other = randomised(classifier, forward, np.random.default_rng(0), only_head=only_head)
        after = constants(other.network.forward(other))
        assert len(after) == len(before)
        changed = [name for name, values in after.items() if (values != before[name]).any()]
        kernels = [values.shape for values in before.values() if values.ndim >= 2 and values.size > values.shape[1]]
        assert len(changed) == (1 if only_head else len(kernels))
        assert all(sorted(before[name].ravel()) == sorted(after[name].ravel()) for name in changed)
        if only_head:
            assert max(models.CLASSES if kind == "keras" else CLASSES, 2) in before[changed[0]].shape
    assert all((values == before[name]).all() for name, values in constants(forward).items())


def constants(forward):
    """Floating-point constants by their order in the graph."""
    found = [node for node in forward.model.get_ordered_ops() if node.get_type_name() == "Constant"]
    return dict(enumerate(np.array(node.data) for node in found if node.get_output_element_type(0).is_real()))


def test_a_graph_file_passes_the_sanity_check_with_other_maps(file):
    classifier = load_model(file, cache=False)
    pictures = [np.random.default_rng(i).integers(0, 256, (48, 64, 3), np.uint8) for i in range(2)]
    found = sanity(classifier, lambda of: exact(of, cache=False), pictures, 0)
    assert all(0 <= alike < 0.999 for alike in found)


def test_a_map_that_shows_the_picture_rather_than_the_model_fails_the_sanity_check():
    specimen = wrap_model(models.flat().model)
    pictures = [np.random.default_rng(i).integers(0, 256, (48, 48, 3), np.uint8) for i in range(3)]

    class Edges(GradCAM):
        def __call__(self, frame, targets=None, method=None):
            explanation = super().__call__(frame, targets, method)
            explanation.heatmaps[0] = cv2.resize(frame[..., 0], explanation.heatmaps.shape[:0:-1])
            return explanation

    assert sanity(specimen, lambda of: Edges(of, cache=False), pictures, 0) == (pytest.approx(1), pytest.approx(1))
