"""A classifier's forward graphs: converted, proved, quantised, each once, and kept on disk."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamcam.backends.errors import ConversionError, SizeError, UnsupportedOperationError
from streamcam.backends.openvino.finite import check_finite
from streamcam.backends.recipe import Recipe
from streamcam.errors import StreamcamWarning
from streamcam.explainers.calibration import pictures_of
from streamcam.explainers.precision import Fidelity, compare
from streamcam.explainers.prove import prove
from streamcam.photographs import views
from streamcam.system.cache import Cache, key_of
from streamcam.system.versions import versions

if TYPE_CHECKING:
    from streamcam.backends.openvino.forward import Forward

_log = logging.getLogger(__name__)

_LEAST_DIFFERENCE = 1e-4  # of probabilities

Size = tuple[int, int] | None


class Graphs:
    """The forward graphs of one classifier.

    Args:
        cache: where they are kept, or None.
        calibrate: path of pictures to quantise on besides the usual ones, or None.
    """

    def __init__(self, cache: Cache | None, calibrate: str | None = None) -> None:
        self._cache = cache
        self._calibrate = calibrate
        self._integers = f"int8 {Path(calibrate).absolute()}" if calibrate else "int8"
        self._made: dict[tuple[str, Size], tuple[Forward, dict[str, Any]]] = {}

    def forward(self, recipe: Recipe) -> Forward:
        """The graph for any size; or for the recipe's, where the network must be traced anew for each.

        Raises:
            ConversionError: OpenVINO cannot take it over, or answers otherwise than TensorFlow.
            SizeError: the network takes no input of this size.
        """
        size: Size = None
        network = recipe.classifier.network

        def converted() -> tuple[Forward, dict[str, Any]]:
            return self._converted(recipe, size)

        forward = self._kept("forward", recipe, size, converted)[0]
        if forward.is_free or recipe.size == recipe.classifier.input_size or not network.runs_on_tensorflow:
            return forward
        size = recipe.size
        return self._kept("forward", recipe, size, converted)[0]

    def quantised(self, recipe: Recipe) -> tuple[Forward, Fidelity]:
        """The same in 8-bit integers, and how its explanations compare with those in f32.

        It is calibrated at the size of the recipe, on the views that ``auto`` measures on and the pictures that were
        given. The first and the last layers stay in f32 where the promise of ``auto`` is not kept otherwise.

        Raises:
            ConversionError: it cannot be quantised.
        """
        forward = self.forward(recipe)
        size = None if forward.is_free else recipe.size
        small, facts = self._kept(self._integers, recipe, size, lambda: self._in_integers(forward, recipe))
        return small, Fidelity(**facts["fidelity"])

    def has(self, recipe: Recipe) -> bool:
        """Whether the graph can be had without TensorFlow."""
        kept = bool(
            self._cache
            and recipe.classifier.fingerprint
            and (self._cache.folder / _key("forward", recipe, None)).exists()
        )
        return kept or bool(self._made) or not recipe.classifier.network.needs_tensorflow

    def _kept(
        self, kind: str, recipe: Recipe, size: Size, make: Callable[[], tuple[Forward, dict[str, Any]]]
    ) -> tuple[Forward, dict[str, Any]]:
        place = kind, size
        if place not in self._made:
            found = self._stored(kind, recipe, size)
            if found is None:
                with self._making(recipe):  # made meanwhile by somebody?
                    found = self._stored(kind, recipe, size) or self._make(kind, recipe, size, make)
            self._made[place] = found
        return self._made[place]

    def _make(
        self, kind: str, recipe: Recipe, size: Size, make: Callable[[], tuple[Forward, dict[str, Any]]]
    ) -> tuple[Forward, dict[str, Any]]:
        """Make it and keep it; what cannot be done is kept, too."""
        if kind == "forward" and not recipe.classifier.network.needs_tensorflow:
            return make()
        try:
            forward, facts = make()
        except UnsupportedOperationError:
            raise  # another layer may do
        except (ConversionError, SizeError) as error:
            self._keep(kind, recipe, size, {"refused": str(error), "size_refused": isinstance(error, SizeError)})
            raise
        self._keep(kind, recipe, size, facts, forward)
        return forward, facts

    def _converted(self, recipe: Recipe, size: Size) -> tuple[Forward, dict[str, Any]]:
        classifier = recipe.classifier
        if not classifier.network.needs_tensorflow:
            forward = classifier.network.forward(classifier, size)
            check_finite(forward.model, classifier.name)
            return forward, {}
        kept = " (kept for the next start)" if self._cache and classifier.fingerprint else ""
        _log.info("preparing %s%s", classifier.name, kept)
        forward = classifier.network.forward(classifier, size)
        check_finite(forward.model, classifier.name)
        proof = None
        if classifier.network.runs_on_tensorflow:
            proof = _proved(forward, _provable(replace(recipe, size=size or classifier.input_size, targets=1)))
        return forward, {"proof": proof}

    def _in_integers(self, forward: Forward, recipe: Recipe) -> tuple[Forward, dict[str, Any]]:
        from streamcam.backends.openvino.engine import OpenVINOEngine
        from streamcam.backends.openvino.function import explain_function
        from streamcam.backends.openvino.quantise import quantised

        kept = " (kept for the next start)" if self._cache and recipe.classifier.fingerprint else ""
        _log.info("trying %s in 8-bit integers%s", recipe.classifier.name, kept)
        single = replace(recipe, targets=1)
        pictures = views(*recipe.size, recipe.classifier.frames)
        own = pictures_of(self._calibrate, recipe.size) if self._calibrate else []
        reference = OpenVINOEngine(explain_function(forward, single)[0], "f32")
        for careful in (False, True):
            small = quantised(forward, recipe.classifier, [*pictures, *own], careful=careful)
            fidelity = compare(reference, OpenVINOEngine(explain_function(small, single)[0], "int8"), pictures)
            if fidelity.keeps_explanations:
                break
        return small, {"fidelity": asdict(fidelity)}

    # --- on disk

    def _stored(self, kind: str, recipe: Recipe, size: Size) -> tuple[Forward, dict[str, Any]] | None:
        from streamcam.backends.openvino.forward import read_forward

        cache = self._cache
        found = cache.get(_key(kind, recipe, size)) if cache and recipe.classifier.fingerprint else None
        if not cache or found is None:
            return None
        facts, place = found
        if "refused" in facts:
            raise (SizeError if facts["size_refused"] else ConversionError)(facts["refused"])
        try:
            return read_forward(place, facts), facts
        except (RuntimeError, KeyError, ValueError, TypeError) as error:
            warnings.warn(f"damaged cache entry ({error}); it is made again", StreamcamWarning, stacklevel=3)
            cache.remove(_key(kind, recipe, size))
            return None

    def _making(self, recipe: Recipe) -> AbstractContextManager[None]:
        """While something is made for the disk, which other processes may want at the same moment."""
        return self._cache.making() if self._cache and recipe.classifier.fingerprint else nullcontext()

    def _keep(
        self, kind: str, recipe: Recipe, size: Size, facts: dict[str, Any], forward: Forward | None = None
    ) -> None:
        cache = self._cache
        if not cache or not recipe.classifier.fingerprint:
            return
        kept = facts | {"model": recipe.classifier.name, "size": f"{size[0]}x{size[1]}" if size else "any"}
        with tempfile.TemporaryDirectory() as folder:
            if forward:
                kept |= forward.save(Path(folder))
            files = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
        cache.put(_key(kind, recipe, size), kept, files)


def _provable(recipe: Recipe) -> Recipe:
    """The recipe, or one with the usual method where TensorFlow lacks this one: what is proved is the forward graph."""
    return replace(recipe, method="gradcam") if recipe.needs_openvino else recipe


def _proved(forward: Forward, recipe: Recipe) -> dict[str, Any]:
    """Raises ``ConversionError`` where OpenVINO answers otherwise than TensorFlow."""
    from streamcam.backends.keras.engine import TensorFlowEngine
    from streamcam.backends.openvino.engine import OpenVINOEngine
    from streamcam.backends.openvino.function import explain_function

    function = explain_function(forward, recipe)
    candidate = OpenVINOEngine(function.model, "f32")
    reference = TensorFlowEngine(recipe.classifier.network.function(replace(recipe, layers=function.layers))[0])
    # Of probabilities near 1, which have little more than their rounding, Recipro-CAM takes the difference.
    least = _LEAST_DIFFERENCE if recipe.method == "recipro-cam" else 0.0
    proof = prove(reference, candidate, recipe.size, least, recipe.classifier.frames)
    if not proof.holds:
        raise ConversionError(str(proof))
    return proof.facts()


def _key(kind: str, recipe: Recipe, size: Size) -> str:
    """The name of a graph in the disk cache."""
    facts = {"kind": kind, "model": recipe.classifier.fingerprint, "size": size, "versions": versions()}
    return key_of(facts)
