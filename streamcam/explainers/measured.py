"""The precision that ``auto`` takes: measured once for a model, layer, formula and processor, and kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from streamcam.backends.engine import Engine
from streamcam.backends.openvino.engine import core, cpu_precisions
from streamcam.backends.recipe import Recipe
from streamcam.choices import Method, Precision
from streamcam.explainers.precision import choose
from streamcam.photographs import views
from streamcam.system.cache import Cache, key_of
from streamcam.system.libraries import has_nncf
from streamcam.system.versions import versions


class MeasuredPrecision:
    """Remembers what was measured. The first who keeps a measurement decides for all who share a store.

    Args:
        cache: the store of this user, or None.
        agreed: a store of all who are to compute alike, which wins, or None.
        calibrate: path of pictures to quantise on, or None.
    """

    def __init__(self, cache: Cache | None, agreed: Cache | None, calibrate: str | None = None) -> None:
        self._quantising = f"{has_nncf()} {Path(calibrate).absolute() if calibrate else ''}".strip()
        self._cache, self._agreed = cache, agreed
        self._known: dict[Method, Precision] = {}

    def of(self, recipe: Recipe, single: Callable[[Precision], Engine]) -> Precision:
        """The precision to compute in.

        Args:
            recipe: what is computed.
            single: compiles it for one target, in a precision.
        """
        if recipe.method not in self._known:
            self._known[recipe.method] = self._found(recipe, single)
        return self._known[recipe.method]

    def _found(self, recipe: Recipe, single: Callable[[Precision], Engine]) -> Precision:
        able = cpu_precisions()
        # Maps of attention are not found among quantised ones, and clips are not quantised.
        if has_nncf() and recipe.method != "attention" and not recipe.classifier.frames:
            able = ("int8", *able)
        if able == ("f32",):
            return "f32"
        given = (self._agreed, self._cache) if recipe.classifier.fingerprint else ()
        stores = [store for store in given if store]
        key = _key(recipe, self._quantising)
        kept = [store.get(key) for store in stores]
        if kept and all(kept):
            return _precision(kept[0])
        if not stores:
            return choose(single, able, views(*recipe.size, recipe.classifier.frames))
        with (self._cache or stores[0]).making():
            known: list[Precision] = [_precision(found) for store in stores if (found := store.get(key))]
            chosen = known[0] if known else choose(single, able, views(*recipe.size, recipe.classifier.frames))
            for store in reversed(stores):
                store.put(key, {"model": recipe.classifier.name, "size": "", "precision": chosen}, {})
                if found := store.get(key):  # somebody with another cache may have been faster, and measured otherwise
                    chosen = _precision(found)
        return chosen


def _key(recipe: Recipe, quantising: str) -> str:
    facts = {
        "kind": "precision",
        "model": recipe.classifier.fingerprint,
        "classes": len(recipe.classifier.labels),
        "preprocessing": repr(recipe.classifier.preprocessing),
        "layers": recipe.layers,
        "method": recipe.method,
        "score": recipe.score,
        "int8": quantising,
        "processor": _processor(),
        "versions": versions(),
    }
    return key_of(facts)


def _precision(entry: tuple[dict[str, Any], Path] | None) -> Precision:
    """Of an entry in a store."""
    assert entry
    precision: Precision = entry[0]["precision"]
    return precision


@cache
def _processor() -> str:
    return f"{core().get_property('CPU', 'FULL_DEVICE_NAME')} {core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES')}"
