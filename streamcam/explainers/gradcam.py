"""``GradCAM``: a frame in, an explanation out, through a function compiled once per input size."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamcam.backends.engine import Engine
from streamcam.backends.errors import SizeError
from streamcam.backends.recipe import USUAL_RANKS, Recipe, score_of
from streamcam.choices import EngineName, Fit, FitChoice, Method, Precision, PrecisionChoice, Score
from streamcam.errors import OptionError, StreamcamWarning
from streamcam.explainers.build import Builder, EngineSettings
from streamcam.explainers.compiled import Compiled, CompiledFunctions
from streamcam.explainers.covering import CoverMeter
from streamcam.explainers.explanation import explanation_of, say_saturated
from streamcam.explainers.geometry import View, chosen_fit, size_of_input, view_of
from streamcam.explainers.given import check_choices, classifier_from
from streamcam.explainers.reference import References
from streamcam.explainers.strength import Reference, sharpened
from streamcam.explainers.targets import ranks_of, resolve_targets, targets_of
from streamcam.images import image_from
from streamcam.models.assumed import say_once
from streamcam.models.classifier import Classifier
from streamcam.steady.heat import by_itself
from streamcam.system.cache import Cache, usual_cache
from streamcam.types import Explanation, Float32Array, Frame, Header, Image, Targets, UInt8Array

if TYPE_CHECKING:
    import keras


_NO_OPTIONS = ("self", "classifier", "check", "__class__")


class GradCAM:
    """Explains frames of any size.

    The function is compiled when the first frame of a new shape comes, and kept. Changing the class never compiles.

    Args:
        classifier: from ``load_model``; or what that takes, a name or a path; or a Keras model, as ``wrap_model`` takes it. It
            is left as it is.
        layer: path of the target layer (``outer/inner`` for a nested one), or several, whose maps are fused; None for
            the last with a spatial map.
        method: the formula, one of ``gradcam``, ``gradcam++``, ``hirescam``, ``xgradcam``, ``layercam``, ``eigencam``;
            ``recipro-cam``, which needs no gradients; or ``attention``, of a transformer, with OpenVINO and without
            ``layer``.
        score: ``logit``: differentiate the class's score before softmax or sigmoid, as the paper does;
            ``probability``: after it, as many notebooks do, and ``recipro-cam`` always.
        targets: the classes to explain, one or several, each a rank (``top1``), a label or a class index; ``tiger vs zebra``
            for what speaks for one rather than the other, ``not tiger`` for what speaks against it.
        fit: what the model sees of a frame: ``native`` all of it undistorted, ``stretch`` all of it squeezed to the
            model's shape, ``crop`` the centre; ``auto`` what the model's authors let it see, where that is known, else
            ``native``. A model that takes one size only gets ``stretch`` for ``native``.
        size: short side of the model's input in pixels; None for the size the model was built for.
        engine: what runs the function: ``openvino`` on a CPU, ``tensorflow``, or ``auto``: TensorFlow where it has a
            GPU or where the model does not convert, OpenVINO otherwise.
        precision: ``f32``, ``f16``, ``bf16``, or ``int8`` (needs NNCF); ``auto`` takes less than f32 only where, on
            fifteen real pictures, every heatmap correlates with f32's by 0.99 at least and every top class is the same,
            and it is faster. It considers int8 where NNCF is installed.
        calibrate: path of pictures or a video like those to be explained, which int8 is calibrated on as well.
        threads: threads to use on the CPU; 0 for one a core.
        in_flight: frames to work on at once, each on its share of the threads: more frames a second, a later answer.
        cache: whether converted graphs are kept on disk (True: in the usual folder), so that the next start needs no
            TensorFlow. A Keras model given as it is has no name to keep it under.
        agreed: where the precision that ``auto`` has measured is kept, too, and which wins over the cache: explainers
            that share it, in whatever processes, compute alike on processors of one kind.
        check: whether it is measured three times a second what covering the hottest places costs the class; may be changed.

    Raises:
        OptionError: a setting is not one of those, or the classifier looks at clips (see ``ClipGradCAM``).
        TargetError: the model has no such class.

    Example::

        explain = streamcam.GradCAM("efficientnet-lite0", targets="tabby")
        picture = streamcam.Overlay(explain.labels).draw(image, explain(image))
    """

    for_clips = False

    def __init__(
        self,
        classifier: Classifier | keras.Model | str | Path,
        *,
        layer: str | Sequence[str] | None = None,
        method: Method = "gradcam",
        score: Score = "logit",
        targets: Targets | str | int = ("top1",),
        fit: FitChoice = "auto",
        size: int | None = None,
        engine: EngineName = "auto",
        precision: PrecisionChoice = "auto",
        calibrate: str | None = None,
        threads: int = 0,
        in_flight: int = 1,
        cache: Cache | bool = True,
        agreed: Cache | None = None,
        check: bool = False,
    ) -> None:
        self._options = {name: given for name, given in locals().items() if name not in _NO_OPTIONS}
        check_choices(method=(method, Method), score=(score, Score), fit=(fit, FitChoice))
        check_choices(engine=(engine, EngineName), precision=(precision, PrecisionChoice))
        self.classifier = classifier_from(classifier)
        if bool(self.classifier.frames) != self.for_clips:
            what, other = ("clips", "ClipGradCAM") if self.classifier.frames else ("single pictures", "GradCAM")
            raise OptionError(f"{self.classifier.name}: looks at {what}; use {other}")
        self.method: Method = method
        self.score: Score = score
        self.targets = targets_of(targets)
        self._targets = resolve_targets(targets, self.labels)
        self._layers = (layer,) if isinstance(layer, str) else tuple(layer or ())
        self._size = size_of_input(self.classifier, size)
        self.fit: Fit = chosen_fit(self.classifier, fit)
        self._squeezes = self.classifier.fixed_size and fit in ("auto", "native") and self.fit == "stretch"
        self.in_flight = in_flight
        kept = usual_cache(cache)
        self._builder = Builder(EngineSettings(engine, precision, calibrate, threads, in_flight, kept, agreed))
        self._references = References(kept)
        self.check, self._meter = check, CoverMeter()
        self._answers: dict[tuple[int, int], Callable[[UInt8Array], Float32Array]] = {}
        self._latest: Engine | None = None
        self._compiled = CompiledFunctions()
        self.layer: str | None = "+".join(self._layers) or None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as it was made, by its model's name or path; it is compiled anew where it is used."""
        return partial(type(self), self.classifier, **self._options, check=self.check), ()

    @property
    def engine(self) -> str | None:
        """What runs the function: ``openvino`` or ``tensorflow``; None before the first frame."""
        return self._latest.name if self._latest else None

    @property
    def precision(self) -> Precision | None:
        """What it computes in; None before the first frame."""
        return self._latest.precision if self._latest else None

    @property
    def labels(self) -> tuple[str, ...]:
        """One name a class."""
        return self.classifier.labels

    @property
    def size(self) -> tuple[int, int]:
        """``(height, width)`` in pixels of the model's input; ``native`` widens the longer side to the frame's aspect."""
        return self._size

    @property
    def trace_count(self) -> int:
        """How often a function was traced and compiled: once per input size and number of targets."""
        return self._compiled.made

    def describe(self, method: Method | None = None) -> Header:
        """The settings that a reader of records must know; those that are only known after a frame are None before it.

        Args:
            method: the formula that is used instead of the usual one.
        """
        return {
            "model": self.classifier.name,
            "layer": self.layer,
            "method": method or self.method,
            "score": score_of(method or self.method, self.score),
            "fit": self.fit,
            "size": min(self.size),
            "preprocess": self.classifier.preprocessing.name,
            "preprocess_from": self.classifier.preprocess_from,
            "engine": self.engine,
            "precision": self.precision,
        }

    def __call__(
        self, frame: Frame | Image, targets: Targets | str | int | None = None, method: Method | None = None
    ) -> Explanation:
        """Explain one frame by itself, and wait for it; see ``start``. With heat, so that an ``Overlay`` can draw it."""
        return by_itself(self.start(frame, targets, method)())

    def start(
        self, frame: Frame | Image, targets: Targets | str | int | None = None, method: Method | None = None
    ) -> Callable[[], Explanation]:
        """Begin with a frame; the function that is returned waits for the explanation and gives it.

        At most ``in_flight`` frames may be begun before the first of them is waited for.

        Args:
            frame: a ``Frame``, or an image ``(H, W, 3)`` uint8, BGR.
            targets: classes to explain instead of the usual ones.
            method: a formula instead of the usual one; each is compiled once.

        Raises:
            OptionError: the image is not ``(H, W, 3)`` uint8.
            TargetError, LayerError, ModelError: the model has no such class or layer, or cannot be explained.
        """
        image, index, time = (frame.image, frame.index, frame.time) if isinstance(frame, Frame) else (frame, 0, 0.0)
        image = image_from(image)
        wanted = self._targets if targets is None else resolve_targets(targets, self.labels)
        view, engine = self._prepare(image.shape[:2], len(wanted), method, ranks_of(wanted))
        reference = self._reference(view, engine, len(wanted), method)
        used, wider = method or self.method, self._wider(view, engine)
        picture = view.cut(image)
        picture = (
            picture.copy() if self.check and picture.base is not None else picture
        )  # the caller may change the image
        answer = engine.start(picture, wanted)

        def finish() -> Explanation:
            explanation = explanation_of(answer(), wanted, view, reference, used, wider=wider, index=index, time=time)
            if score_of(used, self.score) == "probability":
                say_saturated(explanation, self.classifier.name)
            if self.check:
                ask = self._answering(view, engine)
                explanation = replace(explanation, covering=self._meter.read(explanation, picture, ask))
            return explanation

        return finish

    def is_prepared(self, shape: tuple[int, int], targets: int, method: Method | None = None) -> bool:
        """Whether frames of ``(height, width)`` pixels, explained for so many classes, need no TensorFlow any more."""
        view = self._view(shape)
        recipe = self._recipe((view.height, view.width), targets, method)
        return self._key(view, targets, method) in self._compiled or self._builder.has(recipe)

    def view(self, image: UInt8Array, targets: int | None = None, method: Method | None = None) -> View:
        """Which part of an image the model sees, and at which size. Compiles for it, and for so many classes."""
        return self._prepare(image.shape[:2], len(self._targets) if targets is None else targets, method)[0]

    def explain_input(self, picture: UInt8Array, view: View) -> Explanation:
        """Explain what a view has cut out of an image already: ``(height, width, 3)`` of the view, uint8, BGR."""
        wanted = self._targets
        engine = self._engine(view, len(wanted), ranks=ranks_of(wanted))
        reference = self._reference(view, engine, len(wanted))
        answer = engine.start(picture, wanted)()
        return explanation_of(answer, wanted, view, reference, self.method, wider=self._wider(view, engine))

    def _prepare(
        self, shape: tuple[int, int], targets: int, method: Method | None = None, ranks: int = USUAL_RANKS
    ) -> tuple[View, Engine]:
        view = self._view(shape)
        height, width = self._size
        if self._squeezes and shape[0] * width != shape[1] * height:
            name = self.classifier.name
            say_once(f"{name}: takes only {width}x{height}: stretched to that (--fit crop takes the centre)")
        try:
            return view, self._engine(view, targets, method, ranks)
        except SizeError as error:
            if self.fit != "native":
                raise
            warnings.warn(f"{error}: stretched to {width}x{height}", StreamcamWarning, stacklevel=3)
            self.fit = "stretch"
            view = self._view(shape)
            return view, self._engine(view, targets, method, ranks)

    def _view(self, shape: tuple[int, int]) -> View:
        return view_of(shape, self.fit, self._size, self.classifier.stride)

    def _key(
        self, view: View, targets: int, method: Method | None, ranks: int = USUAL_RANKS
    ) -> tuple[int, int, int, Method, int]:
        return view.height, view.width, targets, method or self.method, ranks

    def _engine(self, view: View, targets: int, method: Method | None = None, ranks: int = USUAL_RANKS) -> Engine:
        def build() -> Compiled:
            engine, layers = self._builder.build(self._recipe((view.height, view.width), targets, method, ranks))
            return Compiled(engine, "+".join(layers))

        found = self._compiled.get(self._key(view, targets, method, ranks), build)
        self._latest, self.layer = found.engine, found.layer
        return found.engine

    def _reference(self, view: View, engine: Engine, targets: int, method: Method | None = None) -> Reference:
        """What strength is measured against; ``engine`` is what was compiled for a view and so many targets."""
        own = self._recipe(self.classifier.input_size, 1, method)
        is_own = (view.height, view.width, targets) == (*own.size, 1)
        return self._references.of(own, lambda: engine if is_own else self._builder.build(own)[0])

    def _answering(self, view: View, engine: Engine) -> Callable[[UInt8Array], Float32Array]:
        """What asks the model about a picture as a view cuts it, without an explanation."""
        size = view.height, view.width
        if known := self._answers.get(size):
            return known
        ask, wider = self._builder.answering(self._recipe(size, 1), engine), self._wider(view, engine)
        answers = {size: lambda picture: sharpened(ask(picture), wider)}
        self._answers = answers  # of one size: they hold weights
        return answers[size]

    def _wider(self, view: View, engine: Engine) -> float:
        """How many times as much the answer is of as a frame of the model's own shape."""
        return 1.0 if engine.by_windows else view.area / (self._size[0] * self._size[1])

    def _recipe(
        self, size: tuple[int, int], targets: int, method: Method | None = None, ranks: int = USUAL_RANKS
    ) -> Recipe:
        return Recipe(self.classifier, self._layers, method or self.method, self.score, size, targets, ranks)
