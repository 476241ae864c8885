"""The scale of a heatmap: its colours from no evidence to full heat, as a bar with words, in the style of the panel."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from streamcam.drawing.corner import Box
from streamcam.drawing.panel import (
    SHARE,
    Plan,
    count_lines,
    draw_panel,
    fits,
    name_of,
    plan_panel,
    question,
    tall,
)
from streamcam.drawing.text import AMBER, GRAY, SMALLEST, WHITE, colour_of, darken, fitted, text_size, text_width, write
from streamcam.types import Explanation, UInt8Array

# Of the scale's ends; the first pair that has room.
_ENDS = (("no evidence", "full heat"), ("none", "full"), ("0", "1"))
_WIDE, _USUAL, _NARROW = 16, 12, 8  # in heights of the text


@lru_cache(maxsize=64)
def plan_scale(
    height: int, width: int, bars: int, *, usual: int, share: float = SHARE, heading: bool = True
) -> Plan | None:
    """How a scale fits into a picture: see ``plan_panel``. One bar may have a heading, several have a name each."""
    for with_heading in (True, False) if bars == 1 and heading else (False,):
        for size in range(usual, min(usual, SMALLEST) - 1, -1):
            room = int(share * height * width) // tall(size, bars + 1 + with_heading)
            plan = Plan(size, min(size * _WIDE, width - 2 * (size // 2), room), bars + 1, with_heading)
            narrowest = size * (_NARROW if size <= SMALLEST else _USUAL)
            if plan.width >= narrowest and fits(plan, height, width, share):
                return plan
    return None


def scale_plan(image: UInt8Array, explanation: Explanation) -> Plan | None:
    """How the scale of an explanation fits into a corner of a picture; None where it does not."""
    return plan_scale(*image.shape[:2], len(explanation.classes), usual=text_size(image))


def draw_scale(
    image: UInt8Array, explanation: Explanation, labels: tuple[str, ...], colours: UInt8Array, plan: Plan, box: Box
) -> None:
    """Draw a scale, in place.

    Args:
        image: ``(H, W, 3)`` uint8 BGR, changed in place.
        explanation: whose heat is shown: of one target in the colours, of several each in its own over black.
        labels: one name a class.
        colours: ``(256, 1, 3)`` uint8 BGR, cold to hot.
        plan: how large it is.
        box: where it lies.
    """
    panel = image[box.y : box.y + plan.height, box.x : box.x + plan.width]
    darken(panel)
    size, pad, step = plan.size, round(plan.size * 0.6), round(plan.size * 1.75)
    baseline, left, right = plan.margin // 2 + round(size * 1.3), pad, plan.width - pad
    if plan.heading:
        write(panel, fitted(question(explanation, labels), size, right - left), left, baseline, AMBER, size)
        baseline += step
    if len(explanation.classes) == 1:
        _draw_bar(panel, colours, left, right, baseline, size)
        baseline += step
    else:
        names, left = (left, plan.width // 2 - pad), plan.width // 2
        for k, index in enumerate(explanation.classes):
            name = fitted(name_of(int(index), labels), size, names[1] - names[0])
            write(panel, name, names[0], baseline, colour_of(k), size)
            ramp = np.linspace(0, 1, 256)[:, None, None] * np.array(colour_of(k))
            _draw_bar(panel, np.rint(ramp).astype(np.uint8), left, right, baseline, size)
            baseline += step
    ends = [pair for pair in _ENDS if sum(text_width(end, size) for end in pair) + size <= right - left]
    cold, hot = ends[0] if ends else _ENDS[-1]
    write(panel, cold, left, baseline, GRAY, size)
    write(panel, hot, right - text_width(hot, size), baseline, WHITE, size)


def _draw_bar(panel: UInt8Array, colours: UInt8Array, left: int, right: int, baseline: int, size: int) -> None:
    top, bottom = baseline - round(size * 0.75), baseline + round(size * 0.15)
    ramp = cv2.resize(colours.reshape(1, 256, 3), (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
    panel[top:bottom, left:right] = ramp
    cv2.rectangle(panel, (left, top), (right - 1, bottom - 1), GRAY, 1)


def draw_words(
    image: UInt8Array, explanation: Explanation, labels: tuple[str, ...], top_k: int, colours: UInt8Array
) -> None:
    """Fill a tile with the panel of classes, and the scale below it, as far as they have room, in place."""
    height, width = image.shape[:2]
    usual = max(SMALLEST, min(height // 16, width // 20))
    scale = plan_scale(height, width, 1, usual=usual, share=0.4, heading=False)
    rest = height - (scale.height if scale else 0)
    plan = plan_panel(rest, width, count_lines(explanation, top_k), usual=usual, share=1, narrowest=_NARROW)
    used = (plan.height if plan else 0) + (scale.height if scale else 0)
    gap = (height - used) // (3 if plan and scale else 2)
    top = gap
    if plan:
        box = Box((width - plan.width) // 2, top, plan.width, plan.height)
        draw_panel(image, explanation, labels, top_k, plan, box)
        top += plan.height + gap
    if scale:
        box = Box((width - scale.width) // 2, top, scale.width, scale.height)
        draw_scale(image, explanation.only(0), labels, colours, scale, box)
