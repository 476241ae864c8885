"""From a recipe to something that runs: the choice of the engine and of its precision."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from streamcam.backends.engine import Engine
from streamcam.backends.errors import ConversionError
from streamcam.backends.recipe import Recipe
from streamcam.choices import EngineName, Precision, PrecisionChoice
from streamcam.errors import MissingLibraryError, ModelError, OptionError, StreamcamWarning
from streamcam.explainers.graphs import Graphs
from streamcam.explainers.measured import MeasuredPrecision
from streamcam.explainers.prove import prove
from streamcam.explainers.targets import single_target
from streamcam.system.cache import Cache
from streamcam.system.libraries import has_gpu, has_nncf, has_openvino
from streamcam.types import Float32Array, UInt8Array

if TYPE_CHECKING:
    from streamcam.backends.openvino.forward import Forward


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How functions are run.

    Attributes:
        engine: ``openvino``, ``tensorflow``, or ``auto``.
        precision: what to compute in, or ``auto``.
        calibrate: path of pictures to quantise on besides the usual ones, or None.
        threads: threads to use on the CPU; 0 for one a core.
        in_flight: frames to work on at once.
        cache: where graphs are kept, or None.
        agreed: where a measured precision is kept, too, for all who are to compute alike; what it says wins.
    """

    engine: EngineName = "auto"
    precision: PrecisionChoice = "auto"
    calibrate: str | None = None
    threads: int = 0
    in_flight: int = 1
    cache: Cache | None = None
    agreed: Cache | None = None


class Builder:
    """Makes engines from recipes of one classifier.

    Its forward graph is converted once, for any size where the network allows that; the function of a recipe is written
    on a copy of it.

    Raises:
        OptionError: the settings contradict each other.
    """

    def __init__(self, settings: EngineSettings) -> None:
        if settings.engine == "tensorflow" and settings.precision not in ("auto", "f32"):
            raise OptionError(
                f"precision {settings.precision}: the TensorFlow engine computes in f32; use --engine openvino"
            )
        self._settings = settings
        self._precision = MeasuredPrecision(settings.cache, settings.agreed, settings.calibrate)
        self._graphs = Graphs(settings.cache, settings.calibrate)
        self._refused = ""

    def build(self, recipe: Recipe) -> tuple[Engine, tuple[str, ...]]:
        """An engine for the recipe, and the paths of its target layers.

        Raises:
            LayerError: there is no such layer, or the score does not depend on it.
            SizeError: the network takes no input of this size.
            ModelError: OpenVINO was asked for, or must be used, and cannot run it.
        """
        network = recipe.classifier.network
        if self._settings.engine == "tensorflow":
            return self._on_tensorflow(recipe, "TensorFlow computes in f32")
        can_choose = self._settings.engine == "auto" and network.runs_on_tensorflow and not recipe.needs_openvino
        if can_choose and _tensorflow_is_faster():
            return self._on_tensorflow(recipe, "TensorFlow runs the model here, and computes in f32")
        try:
            return self._on_openvino(recipe)
        except ConversionError as error:
            if not can_choose:
                raise ModelError(f"{recipe.classifier.name}: OpenVINO cannot run it ({error})") from error
            if str(error) != self._refused:
                self._refused = str(error)
                warnings.warn(
                    f"{recipe.classifier.name}: TensorFlow runs it, slower and in f32, since OpenVINO cannot ({error})",
                    StreamcamWarning,
                    stacklevel=2,
                )
            return self._on_tensorflow(recipe, "TensorFlow computes in f32")

    def has(self, recipe: Recipe) -> bool:
        """Whether an engine can be made without TensorFlow."""
        return self._graphs.has(recipe)

    def answering(self, recipe: Recipe, engine: Engine) -> Callable[[UInt8Array], Float32Array]:
        """What gives the ``(C,)`` probabilities of an image ``(height, width, 3)`` uint8, BGR, of the recipe's size.

        They are computed as ``engine`` does, without an explanation; TensorFlow makes one nevertheless. The recipe is of one
        target.
        """
        if engine.name == "tensorflow":
            single = self.build(recipe)[0]  # the engine may be of several targets
            return lambda image: single.start(image, single_target(-1))()[1]
        from streamcam.backends.openvino.engine import compiled_answer
        from streamcam.backends.openvino.fed import answer_function

        forward = self._in_integers(recipe) if engine.precision == "int8" else self._graphs.forward(recipe)
        return compiled_answer(answer_function(forward, recipe), engine.precision, threads=self._settings.threads)

    def _on_tensorflow(self, recipe: Recipe, reason: str) -> tuple[Engine, tuple[str, ...]]:
        from streamcam.backends.keras.engine import TensorFlowEngine

        function, layers = recipe.classifier.network.function(recipe)
        self._warn_of_precision(reason)
        return TensorFlowEngine(function), layers

    def _on_openvino(self, recipe: Recipe) -> tuple[Engine, tuple[str, ...]]:
        wanted = self._settings.precision
        single = replace(recipe, targets=1)
        self._graphs.forward(recipe)  # before threads ask for it
        precision = (
            self._precision.of(recipe, lambda able: self._compiled(single, able)[0]) if wanted == "auto" else wanted
        )
        engine, layers = self._in_stages(recipe, precision) or self._compiled(
            recipe, precision, in_flight=self._settings.in_flight
        )
        if precision != engine.precision:
            self._warn_of_precision(f"this processor has no instructions for it; {engine.precision} is used")
        return engine, layers

    def _in_stages(self, recipe: Recipe, precision: Precision) -> tuple[Engine, tuple[str, ...]] | None:
        """Of a video classifier that looks at each frame by itself first."""
        if not recipe.classifier.frames:
            return None
        from streamcam.backends.openvino.engine import OpenVINOEngine
        from streamcam.backends.openvino.stages import in_stages

        stages = in_stages(self._graphs.forward(recipe), recipe)
        if stages is None:
            return None
        threads = self._settings.threads
        proof = prove(
            self._compiled(recipe, "f32")[0],
            OpenVINOEngine(stages.function.model, "f32", frame=stages.frame),
            recipe.size,
            frames=recipe.classifier.frames,
            targets=recipe.targets,
        )
        if not proof.holds:
            return None
        engine = OpenVINOEngine(stages.function.model, precision, threads=threads, frame=stages.frame)
        return engine, stages.function.layers

    def _compiled(self, recipe: Recipe, precision: Precision, *, in_flight: int = 1) -> tuple[Engine, tuple[str, ...]]:
        from streamcam.backends.openvino.engine import OpenVINOEngine
        from streamcam.backends.openvino.function import explain_function

        forward = self._in_integers(recipe) if precision == "int8" else self._graphs.forward(recipe)
        function = explain_function(forward, recipe)
        engine = OpenVINOEngine(
            function.model,
            precision,
            in_flight=in_flight,
            threads=self._settings.threads,
            by_windows=function.by_windows,
        )
        return engine, function.layers

    def _in_integers(self, recipe: Recipe) -> Forward:
        if not has_nncf():
            raise MissingLibraryError(
                "precision int8: needs NNCF, which is not installed; pip install 'streamcam[int8]'"
            )
        forward, fidelity = self._graphs.quantised(recipe)
        if not fidelity.keeps_explanations:
            self._warn_of_precision(f"does not keep the explanations of {recipe.classifier.name} ({fidelity})")
        return forward

    def _warn_of_precision(self, reason: str) -> None:
        """Say why the precision that was asked for is not used."""
        wanted = self._settings.precision
        if wanted not in ("auto", "f32"):
            warnings.warn(f"precision {wanted}: {reason}", StreamcamWarning, stacklevel=3)


@cache
def _tensorflow_is_faster() -> bool:
    """Whether there is no OpenVINO, or a GPU that TensorFlow can use."""
    return not has_openvino() or has_gpu()
