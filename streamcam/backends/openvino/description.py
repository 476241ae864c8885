"""What a model file is found to be, beside its graph."""

from __future__ import annotations

from dataclasses import dataclass

from streamcam.models.preprocessing import Preprocessing


@dataclass(frozen=True, slots=True)
class Description:
    """The facts of a ``Classifier`` that come from a file.

    Attributes:
        preprocessing: how pixels become its input.
        classes: how many it tells apart.
        input_size: ``(height, width)`` in pixels that it was built for.
        stride: pixels of input to one cell of the last map.
        gives_probabilities: whether its output is probabilities rather than logits.
        fixed_size: whether it takes no input of another size.
        labels: the names of its classes, where the file brings them.
        assumed: what was guessed and how to change it, one line each.
        frames: of the clips of a video classifier, 0 for one of single pictures.
    """

    preprocessing: Preprocessing
    classes: int
    input_size: tuple[int, int]
    stride: int
    gives_probabilities: bool
    fixed_size: bool
    labels: tuple[str, ...] | None = None
    assumed: tuple[str, ...] = ()
    frames: int = 0
