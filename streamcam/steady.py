"""From raw evidence to shown heat: one scale over time, so that weak evidence looks weak."""

from __future__ import annotations

import numpy as np

from streamcam.types import Explanation, Float32Array


class Scale:
    """Divides each map by the largest evidence of the last moments.

    The largest value is remembered and fades by ``decay`` a frame, so that a frame with little evidence stays dim next
    to its neighbours instead of being stretched to full heat. The minimum is never subtracted, and a map without
    evidence stays zero. A class that was not explained in the frame before starts afresh.

    Args:
        decay: what remains of the remembered maximum after one frame, 0…1. 0 scales every frame by itself.
    """

    def __init__(self, decay: float = 0.97) -> None:
        self._decay = decay
        self._peaks: dict[int, float] = {}

    def __call__(self, explanation: Explanation) -> Float32Array:
        """``(K, h, w)`` float32 heat in 0…1 of the explanation's maps."""
        peaks = {
            int(index): max(float(heatmap.max()), self._peaks.get(int(index), 0.0) * self._decay)
            for index, heatmap in zip(explanation.classes, explanation.heatmaps, strict=True)
        }
        self._peaks = peaks
        scale = np.array([1.0 / peaks[int(i)] if peaks[int(i)] > 0 else 0.0 for i in explanation.classes], np.float32)
        heat: Float32Array = explanation.heatmaps * scale[:, None, None]
        return heat
