"""The scores of a network: what is differentiated, and what is shown as probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from streamcam.backends.openvino.gradients.rules import (
    as_float32,
    constant,
    integers,
    multiply,
    ops,
    reshaped,
    shape_of,
)
from streamcam.models.classifier import Classifier

_TRANSPARENT = ("Reshape", "Squeeze", "Unsqueeze", "Identity", "Convert")
_LEAST = 1e-12  # of a probability whose logarithm is taken


class Scores:
    """Logits and probabilities of a network's output.

    The logits are the input of the softmax or sigmoid that the output ends in. Probabilities that come about in another
    way (the average of two heads) have their logarithms for logits, which a softmax turns into the same probabilities.
    Any other output is taken for logits of a softmax, or of a sigmoid where there is only one. One output makes two
    classes: no and yes.

    Attributes:
        count: how many classes there are.
        rows: ``(batch, C)`` float32, the probabilities of each picture.
        probabilities: ``(C,)`` float32, those of the only picture, where there is one.
    """

    def __init__(self, output: Any, classifier: Classifier, batch: int = 1) -> None:
        size = int(np.prod(shape_of(output))) // batch
        self._is_binary = size == 1
        self.count = 2 if self._is_binary else size
        source = output
        while source.get_node().get_type_name() in _TRANSPARENT:
            source = source.get_node().input_value(0)
        if source.get_node().get_type_name() in ("Softmax", "Sigmoid"):
            self._logits, self._output = source.get_node().input_value(0), source
        elif classifier.gives_probabilities:
            self._output = output
            self._logits = ops().log(ops().maximum(output, constant(_LEAST, output))).output(0)
            if self._is_binary:
                rest = ops().subtract(constant(1.0, output), output)
                no = ops().log(ops().maximum(rest, constant(_LEAST, output)))
                self._logits = ops().subtract(self._logits, no).output(0)
        else:
            self._logits = output
            flat = reshaped(output, (batch, size))
            self._output = (ops().sigmoid(flat) if self._is_binary else ops().softmax(flat, 1)).output(0)
        flat = reshaped(as_float32(self._output), (batch, size))
        self.rows = (
            ops().concat([ops().subtract(constant(1.0, flat), flat), flat], 1).output(0) if self._is_binary else flat
        )
        self.probabilities = reshaped(self.rows, (-1,))

    def seed(self, weights: Any, *, probability: bool) -> tuple[Any, Any]:
        """What is differentiated, and by which weights: the tensor, and one of its shape.

        Args:
            weights: ``(1, C)``, of the classes.
            probability: whether it is the probabilities, not the logits.
        """
        score = self._output if probability else self._logits
        if self._is_binary:  # the other class is its opposite
            weights = (
                ops().reduce_sum(multiply(weights, constant([[-1.0, 1.0]], weights)), integers([1]), True).output(0)
            )
        seed = reshaped(weights, shape_of(score))
        kind = score.get_element_type()
        return score, seed if kind == seed.get_element_type() else ops().convert(seed, kind).output(0)
