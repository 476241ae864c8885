"""Which class is named, and explained, while the most probable one changes from frame to frame."""

from __future__ import annotations

from streamcam.steady.motion import is_cut, small_gray
from streamcam.types import Float32Array, Region, UInt8Array

LEAD = 0.25  # probability by which another class must lead to be named at once
LEAD_FRAMES = 15  # frames in a row that it must lead to be named otherwise


class SteadyNaming:
    """Keeps a class named until another leads by much, or for a while, or the picture is of another shot.

    Attributes:
        held: index of the named class, None before the first frame.
    """

    def __init__(self) -> None:
        self.held: int | None = None
        self._led = 0
        self._before: UInt8Array | None = None

    @property
    def targets(self) -> tuple[str | int, ...]:
        """What to explain next."""
        return ("top1",) if self.held is None else (self.held,)

    def update(self, probabilities: Float32Array, image: UInt8Array | None = None) -> None:
        """Take one more frame; ``held`` may change.

        Args:
            probabilities: ``(C,)`` of all classes.
            image: the frame, ``(H, W, 3)`` uint8 BGR. After a cut the class of the shot before is forgotten.
        """
        if image is not None:
            gray = small_gray(image, Region(0, 0, image.shape[1], image.shape[0]))
            if self._before is not None and is_cut(gray, self._before):
                self.held = None
            self._before = gray
        best = int(probabilities.argmax())
        if best == self.held:
            self._led = 0
            return
        self._led += 1
        if self.held is not None and self._led < LEAD_FRAMES and probabilities[best] - probabilities[self.held] < LEAD:
            return
        self.held, self._led = best, 0
