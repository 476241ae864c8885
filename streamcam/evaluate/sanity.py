"""Whether heatmaps depend on what the model has learned at all: Adebayo et al. 2018 (arXiv:1810.03292)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from streamcam.backends.openvino.forward import Forward
from streamcam.backends.openvino.network import GraphNetwork
from streamcam.backends.openvino.shuffle import shuffled
from streamcam.explainers import GradCAM
from streamcam.models.classifier import Classifier
from streamcam.types import Float32Array, UInt8Array


def randomised(classifier: Classifier, forward: Forward, random: np.random.Generator, *, only_head: bool) -> Classifier:
    """The same classifier with shuffled kernels: of its last one, or of all. Nothing of it is kept on disk.

    Args:
        classifier: left as it is.
        forward: its forward graph.
        random: the source of the order.
        only_head: whether only the last kernel before the scores is shuffled.
    """
    graph = shuffled(forward, random, only_head=only_head)
    return replace(classifier, fingerprint=None, network=GraphNetwork(lambda: graph, needs_tensorflow=False))


def sanity(
    classifier: Classifier, explainer: Callable[[Classifier], GradCAM], pictures: list[UInt8Array], seed: int
) -> tuple[float, float]:
    """How alike heatmaps are before and after weights are randomised, of the head and of all layers.

    Args:
        classifier: as it was trained.
        explainer: makes an explainer of a classifier, by the same settings each time.
        pictures: ``(H, W, 3)`` uint8 BGR each.
        seed: of the shuffling.

    Returns:
        The mean absolute Spearman correlation for either; near 0 is good, near 1 means that the map shows the picture
        rather than the model.

    Raises:
        ModelError: OpenVINO cannot take the model over.
    """
    random = np.random.default_rng(seed)
    trained = explainer(classifier)
    references = [trained(picture) for picture in pictures]
    forward = classifier.network.forward(classifier)
    found = []
    for only_head in (True, False):
        other = explainer(randomised(classifier, forward, random, only_head=only_head))
        maps = [other(p, (int(r.classes[0]),)).heatmaps[0] for p, r in zip(pictures, references, strict=True)]
        # A model that is traced anew for each size has its own alone here, and is stretched to that.
        alike = [
            abs(spearman(r.heatmaps[0], cv2.resize(m, r.heatmaps.shape[:0:-1])))
            for r, m in zip(references, maps, strict=True)
        ]
        found.append(float(np.mean(alike)))
    return found[0], found[1]


def spearman(a: Float32Array, b: Float32Array) -> float:
    """Rank correlation of two maps, ties by the mean of their ranks; 0 where one of them is flat."""
    ranks = [_mean_ranks(m) for m in (a, b)]
    if any(r.std() == 0 for r in ranks):
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _mean_ranks(values: Float32Array) -> np.ndarray:
    _, inverse, counts = np.unique(values.ravel(), return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]
