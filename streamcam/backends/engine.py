"""What a compiled Grad-CAM function is, whatever runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from streamcam.choices import Precision
from streamcam.types import Float32Array, Int32Array, UInt8Array

# (K, h, w) or (K, t, h, w) float32 raw evidence, (C,) float32 probabilities, (K, 2) int32 class indices
Answer: TypeAlias = tuple[Float32Array, Float32Array, Int32Array]


class Engine(Protocol):
    """A compiled Grad-CAM function for one input size and one number of targets.

    Attributes:
        name: ``openvino`` or ``tensorflow``.
        precision: what it computes in: ``f32``, ``f16`` or ``bf16``.
        in_flight: how many frames it works on at once.
        weights: bytes of the weights that it has a copy of.
        by_windows: whether probabilities are those of the best window of the model's own shape, rather than of the whole
            picture, which is larger.
    """

    name: str
    precision: Precision
    in_flight: int
    weights: int
    by_windows: bool

    @property
    def encode(self) -> Callable[[UInt8Array], Float32Array] | None:
        """Of a video classifier that looks at each frame by itself first: that, from ``(1, height, width, 3)`` uint8 BGR."""
        ...

    def start(self, image: UInt8Array | Float32Array, targets: Int32Array) -> Callable[[], Answer]:
        """Begin with a frame, or with a clip.

        Args:
            image: ``(height, width, 3)`` uint8, BGR; of a video classifier ``(T, height, width, 3)``, or what ``encode`` has
                given of each frame, float32 with the time first.
            targets: ``(K, 3)`` int32, see ``explainers.targets``.

        Returns:
            A function that waits for the answer and gives it. It must be called once.
        """
        ...
