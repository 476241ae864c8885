"""From a recipe to something that runs: the choice of the engine and its precision, the conversion, the disk cache."""

from __future__ import annotations

import logging
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamcam.choices import EngineName, Method, Precision, PrecisionChoice, Score
from streamcam.errors import ModelError, OptionError, StreamcamWarning
from streamcam.explain.engines import Engine, OpenVINOEngine, TensorFlowEngine, core, cpu_precisions
from streamcam.explain.graph import CamGraph, SizeError, trace
from streamcam.explain.precision import choose
from streamcam.models.classifier import Classifier
from streamcam.system.cache import Cache, key_of
from streamcam.system.libraries import has_openvino, load_openvino
from streamcam.system.versions import versions

if TYPE_CHECKING:
    import openvino


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that shapes a Grad-CAM function.

    Attributes:
        classifier: whose decisions are explained.
        layers: paths of the target layers; none for the last with a spatial map.
        method: name of the formula.
        score: which score is differentiated.
        size: ``(height, width)`` of the input in pixels.
        targets: how many classes are explained at once.
    """

    classifier: Classifier
    layers: tuple[str, ...]
    method: Method
    score: Score
    size: tuple[int, int]
    targets: int

    def trace(self) -> CamGraph:
        """The frozen TensorFlow graph. Loads TensorFlow and the model."""
        return trace(self.classifier, self.size, self.targets, layers=self.layers, method=self.method, score=self.score)

    def key(self, kind: str, **more: Any) -> str:
        """The name in the disk cache of something made from this recipe."""
        facts = {
            "kind": kind,
            "model": self.classifier.fingerprint,
            "classes": len(self.classifier.labels),
            "preprocessing": repr(self.classifier.preprocessing),
            "layers": self.layers,
            "method": self.method,
            "score": self.score,
            "versions": versions(),
        }
        return key_of(facts | more)


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How functions are run.

    Attributes:
        engine: ``openvino``, ``tensorflow``, or ``auto``.
        precision: what to compute in, or ``auto``.
        threads: threads to use on the CPU; 0 for one a core.
        in_flight: frames to work on at once.
        cache: where converted graphs are kept, or None.
        agreed: where a measured precision is kept, too, for all who are to compute alike; what it says wins.
    """

    engine: EngineName = "auto"
    precision: PrecisionChoice = "auto"
    threads: int = 0
    in_flight: int = 1
    cache: Cache | None = None
    agreed: Cache | None = None


class Builder:
    """Makes engines from recipes.

    Raises:
        OptionError: the settings contradict each other.
    """

    def __init__(self, settings: EngineSettings) -> None:
        if settings.engine == "tensorflow" and settings.precision not in ("auto", "f32"):
            raise OptionError(
                f"precision {settings.precision}: the TensorFlow engine computes in f32; use --engine openvino"
            )
        self._settings = settings
        self._precision: Precision | None = None

    def build(self, recipe: Recipe) -> tuple[Engine, tuple[str, ...]]:
        """An engine for the recipe, and the paths of its target layers.

        Raises:
            LayerError, SizeError, ModelError: as ``trace`` does, or the model does not convert and OpenVINO was asked for.
        """
        if self._settings.engine == "tensorflow" or (self._settings.engine == "auto" and _tensorflow_is_faster()):
            graph = recipe.trace()
            self._warn_of_precision("TensorFlow runs the model here, and computes in f32")
            return TensorFlowEngine(graph.function), graph.layers
        stored = self._stored(recipe)
        if stored is None:
            with self._making(recipe):
                stored = self._stored(recipe)  # somebody may have made it meanwhile
                if stored is None:
                    graph = self._traced(recipe)
                    try:
                        model = _convert(graph)
                    except Exception as error:  # OpenVINO raises RuntimeErrors of its own
                        return self._without_openvino(recipe, graph, error), graph.layers
                    self._store(recipe, model, graph.layers)
                    stored = model, graph.layers
        model, layers = stored
        engine = self._compile(model, self._precision_for(recipe, model))
        if self._settings.precision != engine.precision:
            self._warn_of_precision(f"this processor has no instructions for it; {engine.precision} is used")
        return engine, layers

    def _warn_of_precision(self, reason: str) -> None:
        """Say why the precision that was asked for is not used."""
        wanted = self._settings.precision
        if wanted not in ("auto", "f32"):
            warnings.warn(f"precision {wanted}: {reason}", StreamcamWarning, stacklevel=3)

    def _traced(self, recipe: Recipe) -> CamGraph:
        """The graph; it takes a while, which is said."""
        height, width = recipe.size
        kept = " (kept for the next start)" if self._settings.cache and recipe.classifier.fingerprint else ""
        _log.info("preparing %s for input of %dx%d%s", recipe.classifier.name, width, height, kept)
        return recipe.trace()

    def _compile(self, model: openvino.Model, precision: Precision) -> OpenVINOEngine:
        settings = self._settings
        return OpenVINOEngine(model, precision, in_flight=settings.in_flight, threads=settings.threads)

    def _without_openvino(self, recipe: Recipe, graph: CamGraph, error: Exception) -> Engine:
        reason = " ".join(str(error).split())
        reason = reason[reason.find("No conversion rule") :][:160] if "No conversion rule" in reason else reason[:160]
        if self._settings.engine == "openvino":
            raise ModelError(
                f"{recipe.classifier.name}: OpenVINO cannot convert it ({reason}); use --engine tensorflow"
            ) from error
        warnings.warn(
            f"{recipe.classifier.name}: OpenVINO cannot convert it ({reason}); TensorFlow runs it instead, slower and in f32",
            StreamcamWarning,
            stacklevel=3,
        )
        return TensorFlowEngine(graph.function)

    # --- the disk cache

    def has(self, recipe: Recipe) -> bool:
        """Whether the converted graph is on the disk."""
        cache = self._settings.cache
        return bool(cache and recipe.classifier.fingerprint and (cache.folder / self._key(recipe)).exists())

    def _key(self, recipe: Recipe) -> str:
        return recipe.key("graph", size=recipe.size, targets=recipe.targets)

    def _stored(self, recipe: Recipe) -> tuple[openvino.Model, tuple[str, ...]] | None:
        """The converted graph and its layers from the disk. Raises ``SizeError`` where the model refused the size."""
        cache = self._settings.cache
        found = cache.get(self._key(recipe)) if cache and recipe.classifier.fingerprint else None
        if not cache or found is None:
            return None
        facts, place = found
        if "refused" in facts:
            raise SizeError(facts["refused"])
        try:
            return core().read_model(place / "graph.xml"), tuple(facts["layers"])
        except (RuntimeError, KeyError) as error:
            warnings.warn(f"damaged cache entry ({error}); it is made again", StreamcamWarning, stacklevel=3)
            cache.remove(self._key(recipe))
            return None

    def _making(self, recipe: Recipe) -> AbstractContextManager[None]:
        """While something is made for the disk, which other processes may want at the same moment."""
        cache = self._settings.cache
        return cache.making() if cache and recipe.classifier.fingerprint else nullcontext()

    def _store(self, recipe: Recipe, model: openvino.Model, layers: tuple[str, ...]) -> None:
        cache = self._settings.cache
        if not cache or not recipe.classifier.fingerprint:
            return
        ov = load_openvino()
        with tempfile.TemporaryDirectory() as folder:
            ov.save_model(model, Path(folder) / "graph.xml", compress_to_fp16=False)
            files = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
        cache.put(self._key(recipe), _description(recipe) | {"layers": layers}, files)

    def remember_refusal(self, recipe: Recipe, reason: str) -> None:
        """Keep on disk that the model cannot take this size, so that the next start need not try."""
        if self._settings.cache and recipe.classifier.fingerprint:
            self._settings.cache.put(self._key(recipe), _description(recipe) | {"refused": reason}, {})

    # --- the precision

    def _precision_for(self, recipe: Recipe, model: openvino.Model) -> Precision:
        if self._settings.precision != "auto":
            return self._settings.precision
        if self._precision is None:
            self._precision = self._measured_precision(recipe, model)
        return self._precision

    def _measured_precision(self, recipe: Recipe, model: openvino.Model) -> Precision:
        """Measured once for a model, layer, formula and processor, and kept on disk. The first who keeps one decides."""
        able = cpu_precisions()
        if able == ("f32",):
            return "f32"
        given = (self._settings.agreed, self._settings.cache) if recipe.classifier.fingerprint else ()
        stores = [store for store in given if store]
        key = recipe.key("precision", processor=_processor())
        kept = [store.get(key) for store in stores]
        if kept and all(kept):
            return _precision(kept[0])
        with self._making(recipe):
            known: list[Precision] = [_precision(found) for store in stores if (found := store.get(key))]
            chosen = known[0] if known else self._measure(recipe, model, able)
            for store in reversed(stores):
                store.put(key, _description(recipe) | {"precision": chosen}, {})
                if found := store.get(key):  # somebody with another cache may have been faster, and measured otherwise
                    chosen = _precision(found)
        return chosen

    def _measure(self, recipe: Recipe, model: openvino.Model, able: Sequence[Precision]) -> Precision:
        if recipe.targets != 1:
            single = replace(recipe, targets=1)
            stored = self._stored(single)
            model = stored[0] if stored else _convert(single.trace())
        return choose(lambda p: OpenVINOEngine(model, p, threads=self._settings.threads), able, *recipe.size)


def _precision(entry: tuple[dict[str, Any], Path] | None) -> Precision:
    """Of an entry in a store."""
    assert entry
    precision: Precision = entry[0]["precision"]
    return precision


def _convert(graph: CamGraph) -> openvino.Model:
    """The graph as an OpenVINO model. Not by ``openvino.convert_model``, which reports its use over the network."""
    load_openvino()
    from openvino.frontend import FrontEndManager
    from openvino.frontend.tensorflow.graph_iterator import GraphIteratorTFGraph

    frontend = FrontEndManager().load_by_framework("tf")
    # The front end keeps no reference of its own to either of these while it converts.
    iterator = GraphIteratorTFGraph(graph.function.graph, False)
    loaded = frontend.load(iterator)
    return frontend.convert(loaded)


def _description(recipe: Recipe) -> dict[str, Any]:
    """What ``streamcam cache list`` shows."""
    height, width = recipe.size
    return {"model": recipe.classifier.name, "size": f"{height}x{width}", "targets": recipe.targets}


@cache
def _processor() -> str:
    return f"{core().get_property('CPU', 'FULL_DEVICE_NAME')} {core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES')}"


@cache
def _tensorflow_is_faster() -> bool:
    """Whether there is no OpenVINO, or a GPU that TensorFlow can use. Looks for a driver before it loads TensorFlow."""
    if not has_openvino():
        return True
    if not (Path("/dev/nvidiactl").exists() or shutil.which("nvidia-smi")):
        return False
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))
