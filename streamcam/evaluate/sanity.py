"""Whether heatmaps depend on what the model has learned at all: Adebayo et al. 2018 (arXiv:1810.03292)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from streamcam.explain import GradCAM
from streamcam.models import Classifier
from streamcam.types import Float32Array, UInt8Array


@contextmanager
def randomised(classifier: Classifier, random: np.random.Generator, *, only_head: bool) -> Iterator[None]:
    """Shuffle the weights of a model's kernels inside the ``with``: those of its last dense layer, or all of them."""
    model = classifier.model
    saved = model.get_weights()
    shuffled = [weight.copy() for weight in saved]
    kernels = [number for number, weight in enumerate(saved) if weight.ndim >= 2]
    for number in kernels[-1:] if only_head else kernels:
        shuffled[number] = random.permutation(shuffled[number].ravel()).reshape(shuffled[number].shape)
    try:
        model.set_weights(shuffled)
        yield
    finally:
        model.set_weights(saved)


def sanity(explainer: Callable[[], GradCAM], pictures: list[UInt8Array], seed: int) -> tuple[float, float]:
    """How alike heatmaps are before and after weights are randomised, of the head and of all layers.

    Args:
        explainer: makes an explainer of the same model each time, which keeps nothing on disk.
        pictures: ``(H, W, 3)`` uint8 BGR each.
        seed: of the shuffling.

    Returns:
        The mean absolute Spearman correlation for either; near 0 is good, near 1 means that the map shows the picture
        rather than the model.
    """
    random = np.random.default_rng(seed)
    trained = explainer()
    references = [trained(picture) for picture in pictures]
    found = []
    for only_head in (True, False):
        with randomised(trained.classifier, random, only_head=only_head):
            other = explainer()
            maps = [other(p, (int(r.classes[0]),)).heatmaps[0] for p, r in zip(pictures, references, strict=True)]
        alike = [abs(spearman(r.heatmaps[0], m)) for r, m in zip(references, maps, strict=True)]
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
