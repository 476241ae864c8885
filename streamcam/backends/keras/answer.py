"""What a classifier says of pixels that are prepared already, without any explanation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from streamcam.backends.keras.ends import arranged, output_at
from streamcam.backends.keras.graph import scores_of
from streamcam.backends.keras.runnable import runnable
from streamcam.models.classifier import Classifier
from streamcam.system.libraries import load_tensorflow
from streamcam.types import Float32Array

if TYPE_CHECKING:
    import keras


def answering(classifier: Classifier, model: keras.Model) -> Callable[[Float32Array], Float32Array]:
    """A function from ``(height, width, channels)`` float32, prepared and of the classifier's own size, to probabilities.

    Of a video classifier, from ``(T, height, width, channels)``.

    It is traced once, whatever is fed to it, and gives ``(C,)`` float32.
    """
    load_tensorflow(classifier.name)
    import tensorflow as tf

    channels = 1 if classifier.preprocessing.order == "gray" else 3

    def answer(image: Any) -> Any:
        result = model(arranged(image[tf.newaxis], classifier.layout, model), training=False)
        return scores_of(output_at(result, classifier.output), classifier.gives_probabilities)[1]

    frames = (classifier.frames,) if classifier.frames else ()
    signature = tf.TensorSpec((*frames, *classifier.input_size, channels), tf.float32)
    function = runnable(tf.function(answer, autograph=False).get_concrete_function(signature))

    def probabilities(image: Float32Array) -> Float32Array:
        found: Float32Array = function(tf.constant(image)).numpy()
        return found

    return probabilities
