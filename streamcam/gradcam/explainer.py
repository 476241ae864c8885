"""``GradCAM``: a frame in, an explanation out, through a function compiled once per input size."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from streamcam.choices import EngineName, Fit, Method, Score
from streamcam.errors import OptionError, StreamcamWarning
from streamcam.gradcam.engines import Engine, TensorFlowEngine
from streamcam.gradcam.geometry import View, view_of
from streamcam.gradcam.graph import SizeError, trace
from streamcam.gradcam.targets import resolve_targets
from streamcam.models.classifier import Classifier, wrap_model
from streamcam.types import Explanation, Frame, UInt8Array

if TYPE_CHECKING:
    import keras

# Each compiled function holds its own copy of the weights.
_MAX_COMPILED = 8


class GradCAM:
    """Explains frames of any size.

    The function is compiled when the first frame of a new shape comes, and kept. Changing the class never compiles.

    Args:
        classifier: from ``load_model``, or a Keras model (wrapped by ``wrap_model``). It is left as it is.
        layer: path of the target layer (``outer/inner`` for a nested one); None for the last with a spatial map.
        method: ``gradcam``.
        score: ``logit``: differentiate the class's score before softmax or sigmoid, as the paper does;
            ``probability``: after it, as many notebooks do.
        targets: the classes to explain, each a rank (``top1``), a label or a class index.
        fit: what the model sees of a frame: ``native`` all of it undistorted, ``stretch`` all of it squeezed to the
            model's shape, ``crop`` the centre.
        size: short side of the model's input in pixels; None for the size the model was built for.
        engine: ``auto`` or ``tensorflow``.

    Raises:
        OptionError: a setting is not one of those.
        TargetError: the model has no such class.
    """

    def __init__(
        self,
        classifier: Classifier | keras.Model,
        *,
        layer: str | None = None,
        method: Method = "gradcam",
        score: Score = "logit",
        targets: Sequence[str | int] = ("top1",),
        fit: Fit = "native",
        size: int | None = None,
        engine: EngineName = "auto",
    ) -> None:
        _check("method", method, Method)
        _check("score", score, Score)
        _check("fit", fit, Fit)
        _check("engine", engine, EngineName)
        if size is not None and not 16 <= size <= 4096:
            raise OptionError(f"size {size}: the short side of the model's input must be 16 to 4096 pixels")
        self.classifier = classifier if isinstance(classifier, Classifier) else wrap_model(classifier)
        self.method: Method = method
        self.score: Score = score
        self.fit: Fit = fit
        self.engine = "tensorflow"
        self.precision = "f32"
        self.targets = tuple(targets)
        self._targets = resolve_targets(targets, self.classifier.labels)
        self._layer = layer
        self._size = _scaled(self.classifier.input_size, size)
        self._compiled: OrderedDict[tuple[int, int, int], Engine] = OrderedDict()
        self._trace_count = 0
        self.layer: str | None = layer

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
        return self._trace_count

    def __call__(self, frame: Frame | UInt8Array, targets: Sequence[str | int] | None = None) -> Explanation:
        """Explain one frame.

        Args:
            frame: a ``Frame``, or an image ``(H, W, 3)`` uint8, BGR.
            targets: classes to explain instead of the usual ones.

        Raises:
            OptionError: the image is not ``(H, W, 3)`` uint8.
            TargetError, LayerError, ModelError: the model has no such class or layer, or cannot be explained.
        """
        image = frame.image if isinstance(frame, Frame) else frame
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise OptionError(f"an image is (H, W, 3) uint8 in BGR order, not {image.shape} {image.dtype}")
        wanted = self._targets if targets is None else resolve_targets(targets, self.labels)
        view, engine = self._prepare(image.shape[:2], len(wanted))
        heatmaps, probabilities, classes = engine(view.cut(image), wanted)
        return Explanation(heatmaps, classes, probabilities[classes], probabilities, view.region)

    def _prepare(self, shape: tuple[int, int], targets: int) -> tuple[View, Engine]:
        view = self._view(shape)
        try:
            return view, self._engine(view, targets)
        except SizeError as error:
            if self.fit != "native":
                raise
            warnings.warn(f"{error}: --fit stretch is used instead of native", StreamcamWarning, stacklevel=3)
            self.fit = "stretch"
            view = self._view(shape)
            return view, self._engine(view, targets)

    def _view(self, shape: tuple[int, int]) -> View:
        return view_of(shape, self.fit, self._size, self.classifier.stride)

    def _engine(self, view: View, targets: int) -> Engine:
        key = (view.height, view.width, targets)
        if key not in self._compiled:
            self._compiled[key] = self._compile((view.height, view.width), targets)
            while len(self._compiled) > _MAX_COMPILED:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(key)
        return self._compiled[key]

    def _compile(self, size: tuple[int, int], targets: int) -> Engine:
        graph = trace(self.classifier, size, targets, layer=self._layer, method=self.method, score=self.score)
        self._trace_count += 1
        self.layer = graph.layer
        return TensorFlowEngine(graph)


def _check(option: str, value: str, choices: Any) -> None:
    if value not in get_args(choices):
        raise OptionError(f"{option} {value}: choose one of {', '.join(get_args(choices))}")


def _scaled(size: tuple[int, int], short: int | None) -> tuple[int, int]:
    if short is None:
        return size
    scale = short / min(size)
    return round(size[0] * scale), round(size[1] * scale)
