"""A network with what is needed to feed and read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from streamcam.choices import Fit, InputLayout, PreprocessOrigin
from streamcam.errors import ModelError, OptionError
from streamcam.models.layers import Layer
from streamcam.models.preprocessing import Preprocessing
from streamcam.types import Float32Array

MOST_FRAMES = 512  # of a clip
USUAL_FRAMES = 16  # of one, where a model takes any length

# What lines of ``assumed`` begin with.
ASSUMED_PREPROCESSING, ASSUMED_LABELS, ASSUMED_BINARY = "preprocessing ", "class names ", "one linear output"


class Network(Protocol):
    """A network in the format that it came in. Each format is a package of ``streamcam.backends``.

    Attributes:
        needs_tensorflow: whether TensorFlow reads it: then what OpenVINO makes of it is kept.
        runs_on_tensorflow: whether it can run there, too: then what OpenVINO makes of it is proved against that.
        again: loads it once more, for ``pickle``; None where it came from no file and has no name.
    """

    @property
    def again(self) -> Callable[[], Network] | None:
        """See above."""
        ...

    @property
    def runs_on_tensorflow(self) -> bool:
        """See above."""
        ...

    @property
    def needs_tensorflow(self) -> bool:
        """See above."""
        ...

    def layers(self, classifier: Classifier) -> tuple[Layer, ...]:
        """Its spatial tensors, in the order of the network.

        Raises:
            ModelError: it cannot be called on one image.
        """
        ...

    def forward(self, classifier: Classifier, size: tuple[int, int] | None = None) -> Any:
        """Its forward graph for OpenVINO, a ``backends.openvino.forward.Forward``.

        Args:
            classifier: whose network it is.
            size: ``(height, width)`` of the input; None for any size, or where the network does not allow that, for the
                one it was built for.

        Raises:
            ConversionError: OpenVINO cannot take it over.
            ModelError: the network takes no input of this size.
        """
        ...

    def function(self, recipe: Any) -> tuple[Any, tuple[str, ...]]:
        """Its whole Grad-CAM function in TensorFlow, by a ``backends.recipe.Recipe``, and the paths of its target layers.

        Raises:
            ModelError: it does not run in TensorFlow, or cannot be explained.
        """
        ...

    def answering(self, classifier: Classifier) -> Callable[[Float32Array], Float32Array]:
        """A function from prepared pixels to probabilities, without any explanation.

        It takes ``(height, width, channels)`` float32 of the classifier's own size, and gives ``(C,)`` float32.
        """
        ...


def pickled(again: Callable[[], Network] | None) -> tuple[Callable[[], Network], tuple[()]]:
    """What ``__reduce__`` of a network gives. Raises ``OptionError`` where it cannot be loaded again."""
    if again is None:
        raise OptionError(
            "a Keras model as it is cannot be pickled with its explainer; save it, and load it by its path with load_model"
        )
    return again, ()


@dataclass(frozen=True, slots=True)
class ClipInput:
    """What a video classifier looks at.

    Attributes:
        frames: how many at once.
        is_free: whether it takes clips of any length.
        fps: frames a second that it was trained on, where that is known.
    """

    frames: int
    is_free: bool = False
    fps: float | None = None


@dataclass(frozen=True, slots=True)
class Classifier:
    """A classifier of pictures, or of clips of video, that can be explained.

    Attributes:
        name: how it is called in records and messages.
        preprocessing: how pixels become its input.
        labels: one name a class, in class order.
        input_size: ``(height, width)`` in pixels that the model was built for.
        stride: pixels of input to one cell of the last map; input sizes are rounded to it.
        gives_probabilities: whether its output is probabilities rather than logits.
        fingerprint: names the network and its weights for the disk cache; None for a model that has no such name.
        network: what reads and runs it.
        preprocess_from: how the preprocessing is known: ``model``, it scales its input itself; ``name``, it is a known
            network; ``option``, somebody has said so; ``guess``.
        fit: what its authors let it see of a frame, ``native`` where that is not known.
        fixed_size: whether it takes no input of another size, mostly as its head takes maps of one size only.
        assumed: a line for each thing that was guessed rather than known, with how to change it.
        output: key of the output that holds the classes, in what the model returns; None where that is a tensor.
        layout: the order of the axes of its input: ``nhwc``, ``nchw``, or ``nhw`` where it has no channels; with time, ``t``,
            where it looks at clips.
        clip: what it looks at, of a video classifier; None for one of single pictures.

    Example::

        classifier = streamcam.load_model("model.onnx").with_labels(("cat", "dog"))
        streamcam.explain("cat.jpg", model=classifier)
    """

    name: str
    preprocessing: Preprocessing
    labels: tuple[str, ...]
    input_size: tuple[int, int]
    stride: int
    gives_probabilities: bool
    fingerprint: str | None
    network: Network
    preprocess_from: PreprocessOrigin = "option"
    fit: Fit = "native"
    fixed_size: bool = False
    assumed: tuple[str, ...] = ()
    output: str | int | None = None
    layout: InputLayout = "nhwc"
    clip: ClipInput | None = None

    @property
    def frames(self) -> int:
        """How many a video classifier looks at at once; 0 for one of single pictures."""
        return self.clip.frames if self.clip else 0

    def with_frames(self, frames: int) -> Classifier:
        """The same video classifier for clips of another length.

        Raises:
            ModelError: it is none, or takes one length only.
        """
        if self.clip is None:
            raise ModelError(f"{self.name}: looks at single pictures, so there is no length of a clip to choose")
        if frames == self.clip.frames:
            return self
        if not self.clip.is_free:
            raise ModelError(f"{self.name}: takes clips of {self.clip.frames} frames only, not of {frames}")
        if not 2 <= frames <= MOST_FRAMES:
            raise ModelError(f"{self.name}: a clip has 2 to {MOST_FRAMES} frames, not {frames}")
        fingerprint = self.fingerprint and f"{self.fingerprint}:{frames} frames"
        return replace(self, clip=replace(self.clip, frames=frames), fingerprint=fingerprint)

    def with_labels(self, labels: tuple[str, ...], *, source: str | None = None) -> Classifier:
        """The same classifier with other class names, read from ``source``.

        Raises:
            ModelError: there are more or fewer names than classes.
        """
        if len(labels) != len(self.labels):
            raise ModelError(
                f"{source or self.name}: {len(labels)} labels for {len(self.labels)} classes; give exactly one name a class"
            )
        return replace(self, labels=labels, assumed=_less(self.assumed, ASSUMED_BINARY, ASSUMED_LABELS))

    def with_preprocessing(self, preprocessing: Preprocessing) -> Classifier:
        """The same classifier fed in another way."""
        return replace(
            self,
            preprocessing=preprocessing.gray() if self.preprocessing.order == "gray" else preprocessing,
            preprocess_from="option",
            assumed=_less(self.assumed, ASSUMED_PREPROCESSING),
        )


def _less(lines: tuple[str, ...], *beginnings: str) -> tuple[str, ...]:
    """The lines that do not begin with one of these."""
    return tuple(line for line in lines if not line.startswith(beginnings))
