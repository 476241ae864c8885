"""The reference that the strength of evidence is measured against: measured once for a model, layer and formula, and kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import asdict

from streamcam.backends.engine import Engine
from streamcam.backends.recipe import Recipe, score_of
from streamcam.backends.weights.bundled import REFERENCE_PEAKS, WEIGHTS_SHA256
from streamcam.explainers.strength import Reference, reference_of
from streamcam.explainers.targets import single_target
from streamcam.photographs import views
from streamcam.system.cache import Cache, key_of
from streamcam.system.versions import versions


class References:
    """Remembers what was measured, here and on disk.

    Args:
        cache: where it is kept, or None.
    """

    def __init__(self, cache: Cache | None) -> None:
        self._cache = cache
        self._known: dict[Hashable, Reference] = {}
        self._measuring = threading.Lock()

    def of(self, recipe: Recipe, engine: Callable[[], Engine]) -> Reference:
        """The reference.

        Args:
            recipe: what is computed, at the model's own size, for one target.
            engine: gives what computes it; called only where it was never measured.
        """
        place = recipe.layers, recipe.method
        if place not in self._known:
            with self._measuring:
                if place not in self._known:
                    self._known[place] = self._found(recipe, engine)
        return self._known[place]

    def _found(self, recipe: Recipe, engine: Callable[[], Engine]) -> Reference:
        if shipped := _shipped(recipe):
            return shipped
        cache = self._cache if recipe.classifier.fingerprint else None
        key = _key(recipe) if cache else ""
        if cache and (kept := cache.get(key)):
            return Reference(**kept[0]["reference"])
        runs = engine()
        found = reference_of(
            [runs.start(picture, single_target(-1))() for picture in views(*recipe.size, recipe.classifier.frames)]
        )
        if cache:
            facts = {"model": recipe.classifier.name, "size": "", "reference": asdict(found)}
            cache.put(key, facts, {})
        return found


def _shipped(recipe: Recipe) -> Reference | None:
    """That of the bundled weights, which were measured before they were shipped."""
    score = score_of(recipe.method, recipe.score)
    usual = not recipe.layers and score == score_of(recipe.method, "logit")
    if usual and WEIGHTS_SHA256 in (recipe.classifier.fingerprint or "") and recipe.method in REFERENCE_PEAKS:
        return Reference(REFERENCE_PEAKS[recipe.method], 49)
    return None


def _key(recipe: Recipe) -> str:
    return key_of(
        {
            "kind": "reference",
            "model": recipe.classifier.fingerprint,
            "classes": len(recipe.classifier.labels),
            "preprocessing": repr(recipe.classifier.preprocessing),
            "layers": recipe.layers,
            "method": recipe.method,
            "score": score_of(recipe.method, recipe.score),
            "versions": versions(),
        }
    )
