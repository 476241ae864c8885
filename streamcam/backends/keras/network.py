"""A Keras model as a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamcam.models.classifier import Classifier, Network, pickled
from streamcam.models.layers import Layer
from streamcam.types import Float32Array

if TYPE_CHECKING:
    import keras

    from streamcam.backends.openvino.forward import Forward
    from streamcam.backends.recipe import Recipe


@dataclass(frozen=True, slots=True)
class KerasNetwork:
    """See ``models.classifier.Network``.

    Attributes:
        build: gives the Keras model; the first call makes it, later calls return the same one.
        ready: gives its forward graph without TensorFlow, for a network that comes converted.
        again: loads it once more, in another process; None for a model that has no name and no file.
    """

    build: Callable[[], keras.Model]
    ready: Callable[[], Forward] | None = None
    again: Callable[[], Network] | None = None
    runs_on_tensorflow = True

    def __reduce__(self) -> tuple[Callable[[], Network], tuple[()]]:
        """Pickled by where it comes from. Raises ``OptionError`` where that is not known."""
        return pickled(self.again)

    @property
    def needs_tensorflow(self) -> bool:
        """See ``Network``."""
        return self.ready is None

    @property
    def model(self) -> keras.Model:
        """The Keras model, made at the first use."""
        return self.build()

    def layers(self, classifier: Classifier) -> tuple[Layer, ...]:
        """See ``Network``."""
        if self.ready:
            return self.ready().layers
        from streamcam.backends.keras.convert import layers_of

        return layers_of(classifier, self.model)

    def forward(self, classifier: Classifier, size: tuple[int, int] | None = None) -> Forward:
        """See ``Network``."""
        if self.ready:
            return self.ready()
        from streamcam.backends.keras.convert import forward_of

        return forward_of(classifier, self.model, size)

    def function(self, recipe: Recipe) -> tuple[Any, tuple[str, ...]]:
        """See ``Network``."""
        from streamcam.backends.keras.graph import trace

        return trace(recipe, self.model)

    def answering(self, classifier: Classifier) -> Callable[[Float32Array], Float32Array]:
        """See ``Network``."""
        if self.ready:
            from streamcam.backends.openvino.answer import answering as answering_by_graph

            return answering_by_graph(classifier, self.ready())
        from streamcam.backends.keras.answer import answering

        return answering(classifier, self.model)
