"""Which class is named, and explained, while the most probable one changes from frame to frame."""

from __future__ import annotations

from streamcam.types import Float32Array

LEAD = 0.25  # probability by which another class must lead to be named at once
LEAD_FRAMES = 15  # frames in a row that it must lead to be named otherwise


class SteadyNaming:
    """Keeps a class named until another leads by much, or for a while.

    Attributes:
        held: index of the named class, None before the first frame.
    """

    def __init__(self) -> None:
        self.held: int | None = None
        self._led = 0

    @property
    def targets(self) -> tuple[str | int, ...]:
        """What to explain next."""
        return ("top1",) if self.held is None else (self.held,)

    def update(self, probabilities: Float32Array) -> None:
        """Take the ``(C,)`` probabilities of one more frame; ``held`` may change."""
        best = int(probabilities.argmax())
        if best == self.held:
            self._led = 0
            return
        self._led += 1
        if self.held is not None and self._led < LEAD_FRAMES and probabilities[best] - probabilities[self.held] < LEAD:
            return
        self.held, self._led = best, 0
