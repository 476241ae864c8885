"""A graph that is no Keras model as a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamcam.errors import ModelError
from streamcam.models.classifier import Classifier, Network, pickled
from streamcam.models.layers import Layer
from streamcam.types import Float32Array

if TYPE_CHECKING:
    from streamcam.backends.openvino.forward import Forward
    from streamcam.backends.recipe import Recipe


@dataclass(frozen=True, slots=True)
class GraphNetwork:
    """See ``models.classifier.Network``.

    Attributes:
        build: gives the forward graph; the first call reads it, later calls return the same one.
        needs_tensorflow: whether TensorFlow reads it.
        again: loads it once more, in another process.
    """

    build: Callable[[], Forward]
    needs_tensorflow: bool
    again: Callable[[], Network] | None = None
    runs_on_tensorflow = False

    def __reduce__(self) -> tuple[Callable[[], Network], tuple[()]]:
        """Pickled by where it comes from."""
        return pickled(self.again)

    def layers(self, classifier: Classifier) -> tuple[Layer, ...]:
        """See ``Network``."""
        return self.build().layers

    def forward(self, classifier: Classifier, size: tuple[int, int] | None = None) -> Forward:
        """See ``Network``."""
        return self.build()

    def function(self, recipe: Recipe) -> tuple[Any, tuple[str, ...]]:
        """See ``Network``."""
        raise ModelError(f"{recipe.classifier.name}: --engine tensorflow runs Keras models only; use --engine openvino")

    def answering(self, classifier: Classifier) -> Callable[[Float32Array], Float32Array]:
        """See ``Network``."""
        from streamcam.backends.openvino.answer import answering

        return answering(classifier, self.build())
