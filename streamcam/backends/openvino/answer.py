"""What a classifier says of pixels that are prepared already, without any explanation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from streamcam.backends.openvino.engine import core
from streamcam.backends.openvino.forward import ORDERS, Forward, of_size, shape_for
from streamcam.backends.openvino.gradients.rules import ops
from streamcam.backends.openvino.scores import Scores
from streamcam.models.classifier import Classifier
from streamcam.system.libraries import load_openvino
from streamcam.types import Float32Array


def answering(classifier: Classifier, forward: Forward) -> Callable[[Float32Array], Float32Array]:
    """A function from ``(height, width, channels)`` float32, prepared and of the classifier's own size, to probabilities.

    Of a video classifier, from ``(T, height, width, channels)``.

    It is compiled once, whatever is fed to it, and gives ``(C,)`` float32.
    """
    channels = 1 if classifier.preprocessing.order == "gray" else 3
    shape = shape_for(forward.layout, classifier.input_size, channels, classifier.frames)
    model = of_size(forward.model, shape)
    scores = Scores(model.get_results()[0].input_value(0), classifier)
    whole = load_openvino().Model([ops().result(scores.probabilities)], model.get_parameters(), "answer")
    compiled = core().compile_model(whole, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    kind = whole.inputs[0].get_element_type().to_dtype()

    def probabilities(image: Float32Array) -> Float32Array:
        arranged = image.transpose(ORDERS.get(forward.layout, range(image.ndim)))
        found: Float32Array = np.array(compiled([arranged.reshape(shape).astype(kind)])[0], np.float32)
        return found

    return probabilities
