"""What is written on the picture: the top classes with probability bars, and which class the map explains."""

from __future__ import annotations

import cv2

from streamcam.drawing.text import AMBER, GRAY, RED, SEVERAL, WHITE, darken, fitted, text_size, text_width, write
from streamcam.types import Explanation, UInt8Array

_TRACK = (90, 90, 90)  # BGR, of a bar's empty part


def _name(index: int, labels: tuple[str, ...]) -> str:
    return labels[index] if index < len(labels) else f"class {index}"


def _question(explanation: Explanation, labels: tuple[str, ...]) -> str:
    """What the heat answers."""
    parts = []
    for index, versus, against in zip(explanation.classes, explanation.versus, explanation.against, strict=True):
        name = _name(int(index), labels)
        name += f" rather than {_name(int(versus), labels)}" if versus >= 0 else ""
        parts.append(f"not {name}" if against else name)
    return f"why {' or '.join(parts)}?"


def _draw_inside(image: UInt8Array, explanation: Explanation, size: int) -> None:
    """Outline the region of interest, and write into the upper right corner how much of the evidence lies in it."""
    assert explanation.inside
    share, alert = explanation.inside.shares[0], explanation.inside.alert
    cv2.polylines(
        image, list(explanation.inside.outlines), True, RED if alert else WHITE, max(1, size // 10), cv2.LINE_AA
    )
    text = "no evidence" if share is None else f"evidence inside {share:.0%}"
    text += ": looks elsewhere" if alert else ""
    width, margin = text_width(text, size) + size, size // 2
    left, step = image.shape[1] - margin - width, round(size * 1.75)
    if left < 0:
        return
    panel = image[margin : margin + step, left : left + width]
    darken(panel)
    write(panel, text, size // 2, round(size * 1.3), RED if alert else WHITE, size)


def draw_panel(image: UInt8Array, explanation: Explanation, labels: tuple[str, ...], top_k: int) -> None:
    """Draw a panel with the most probable classes into the upper left corner, in place.

    The first line names the class that the map explains; its bar is marked, and it is listed even where it is not
    among the most probable. A picture too small for readable text gets no panel.

    Args:
        image: ``(H, W, 3)`` uint8 BGR, changed in place.
        explanation: whose classes to list.
        labels: one name a class; a class without a name is listed by its index.
        top_k: how many classes to list besides the explained ones.
    """
    height, width = image.shape[:2]
    several = len(explanation.classes) > 1
    explained = {int(c): SEVERAL[k % len(SEVERAL)] if several else AMBER for k, c in enumerate(explanation.classes)}
    rows = explanation.top(top_k)
    listed = {index for index, _ in rows}
    rows += [
        (int(index), float(score))
        for index, score in zip(explanation.classes, explanation.scores, strict=True)
        if int(index) not in listed
    ]
    size = text_size(image)
    margin, step = size // 2, round(size * 1.75)
    panel_width = min(size * 19, width - 2 * margin)
    fit = (height - 3 * margin) // step - 1
    if fit < 1 or panel_width < size * 8 or not rows:
        return
    rows = rows[:fit]
    panel = image[margin : 2 * margin + step * (len(rows) + 1), margin : margin + panel_width]
    darken(panel)

    pad = round(size * 0.6)
    percent_width = text_width("100 %", size)
    bar_width = round(panel_width * 0.28)
    bar_x = panel_width - pad - percent_width - pad - bar_width
    baseline = margin // 2 + round(size * 1.3)
    question = _question(explanation, labels)
    write(panel, fitted(question, size, panel_width - 2 * pad), pad, baseline, AMBER, size)
    if explanation.inside:
        _draw_inside(image, explanation, size)
    for index, score in rows:
        baseline += step
        colour = explained.get(index, GRAY)
        write(panel, fitted(_name(index, labels), size, bar_x - 2 * pad), pad, baseline, colour, size)
        top, bottom = baseline - round(size * 0.62), baseline - round(size * 0.1)
        cv2.rectangle(panel, (bar_x, top), (bar_x + bar_width, bottom), _TRACK, cv2.FILLED)
        cv2.rectangle(panel, (bar_x, top), (bar_x + round(bar_width * score), bottom), colour, cv2.FILLED)
        percent = f"{score * 100:.0f} %"
        write(panel, percent, panel_width - pad - text_width(percent, size), baseline, WHITE, size)
