"""The strip of time: how much of a clip's evidence each of its moments has, so that people see when."""

from __future__ import annotations

import cv2
import numpy as np

from streamcam.drawing.corner import Box
from streamcam.drawing.text import AMBER, WHITE, Colour, colour_of
from streamcam.types import ClipExplanation, Explanation, Float32Array, UInt8Array

_EMPTY: Colour = (60, 60, 60)  # of a moment without evidence
_LEAST = 1e-3  # of the strongest moment: less is shown as nothing


def heights_of(explanation: Explanation) -> Float32Array:
    """``(K, n)`` float32 in 0…1: of each moment of the clip, its share over the largest one, times the class's strength."""
    clip = explanation.clip
    assert clip
    shares = clip.shares
    relative = shares / np.maximum(shares.max(axis=1, keepdims=True), 1e-12)
    silent = explanation.verdict == "no idea"
    return np.asarray(relative * clip.strength[:, None] * (not silent), np.float32)


def moment_in(clip: ClipExplanation, time: float) -> int:
    """Which of a clip's frames is shown at a time, in seconds: the last one that has begun by then."""
    return max(0, int(np.searchsorted(clip.times, time + 1e-6, side="right")) - 1)


def said_of(explanation: Explanation) -> str:
    """When the strongest moment is, from the one that is shown: ``now``, ``0.4 s ago``, ``in 0.4 s``; empty without any."""
    clip = explanation.clip
    assert clip
    heights = heights_of(explanation)[0]
    if heights.max() <= _LEAST:
        return ""
    shown, strongest = moment_in(clip, explanation.time), int(heights.argmax())
    seconds = float(clip.times[strongest] - clip.times[shown])
    if shown == strongest or abs(seconds) < 0.05:
        return "now"
    return f"in {seconds:.1f} s" if seconds > 0 else f"{-seconds:.1f} s ago"


def draw_strip(image: UInt8Array, explanation: Explanation, box: Box) -> None:
    """Draw it in place: a column for each moment, the oldest on the left, and a white mark under the one that is shown.

    Args:
        image: ``(H, W, 3)`` uint8 BGR, changed in place.
        explanation: of a video classifier.
        box: where it goes.
    """
    clip = explanation.clip
    assert clip
    heights, count = heights_of(explanation), len(clip.times)
    several = len(heights) > 1
    mark = max(2, box.height // 7)
    tall = box.height - mark - 1
    edges = np.linspace(box.x, box.x + box.width, count + 1).round().astype(int)
    shown = moment_in(clip, explanation.time)
    for number in range(count):
        left, right = int(edges[number]), int(edges[number + 1])
        gap = 1 if right - left > 3 else 0
        cv2.rectangle(image, (left, box.y), (right - 1 - gap, box.y + tall - 1), _EMPTY, cv2.FILLED)
        for k in np.argsort(-heights[:, number]):  # the highest lies behind
            filled = round(float(heights[k, number]) * tall)
            if filled:
                top = box.y + tall - filled
                colour: Colour = colour_of(int(k)) if several else AMBER
                cv2.rectangle(image, (left, top), (right - 1 - gap, box.y + tall - 1), colour, cv2.FILLED)
        if number == shown:
            cv2.rectangle(image, (left, box.y + tall + 1), (right - 1 - gap, box.y + box.height - 1), WHITE, cv2.FILLED)
