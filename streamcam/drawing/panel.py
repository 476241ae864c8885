"""What is written on the picture: which class the heat explains, and the most probable classes with probability bars."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2

from streamcam.drawing.corner import Box, SteadyCorner, corner_box
from streamcam.drawing.strip import draw_strip, said_of
from streamcam.drawing.text import (
    AMBER,
    GRAY,
    RED,
    SMALLEST,
    WHITE,
    Colour,
    bar_height,
    colour_of,
    darken,
    drawable,
    fitted,
    text_size,
    text_width,
    write,
)
from streamcam.types import RIVALS_OF, Explanation, UInt8Array

_TRACK: Colour = (90, 90, 90)  # of a bar's empty part
SHARE = 0.25  # of the picture that may be written on, at most
_SHRUNK = 0.6  # of the usual text: smaller than that, fewer lines are written instead
# In heights of the text:
_WIDE, _NARROW, _NARROWEST = 19, 10, 8  # the last for one line
_WITH_BARS = 15  # narrower, there are no bars


@dataclass(frozen=True, slots=True)
class Plan:
    """How large a panel is, and what has room in it, in pixels.

    Attributes:
        size: of the text.
        width: of the panel.
        lines: how many are under the heading.
        heading: whether there is one.
    """

    size: int
    width: int
    lines: int
    heading: bool = True

    @property
    def margin(self) -> int:
        """Between the panel and the edges of the picture."""
        return self.size // 2

    @property
    def height(self) -> int:
        """Of the panel."""
        return tall(self.size, self.lines + self.heading)


def tall(size: int, lines: int) -> int:
    """The height of a panel with so many lines."""
    return size // 2 + round(size * 1.75) * lines


@lru_cache(maxsize=64)
def plan_panel(
    height: int, width: int, lines: int, *, usual: int, share: float = SHARE, narrowest: int = _NARROW
) -> Plan | None:
    """The panel for a picture: with smaller text, narrower, and at last with fewer lines where it is small.

    Args:
        height: of the picture.
        width: of the picture.
        lines: wanted under the heading.
        usual: the height of the text where there is room.
        share: of the picture that it may take.
        narrowest: it may become, in heights of the text.

    Returns:
        None where no text that can be read has room.
    """
    smallest = min(usual, max(SMALLEST, round(usual * _SHRUNK)))
    for size in range(usual, smallest - 1, -1):
        plan = Plan(size, min(size * _WIDE, width - 2 * (size // 2)), lines)
        if plan.width >= size * _WITH_BARS and fits(plan, height, width, share):
            return plan
    for fewer, heading in [*((fewer, True) for fewer in range(lines, 0, -1)), (1, False)]:
        room = int(share * height * width) // tall(smallest, fewer + heading)
        plan = Plan(smallest, min(smallest * _WIDE, width - 2 * (smallest // 2), room), fewer, heading)
        if plan.width >= smallest * (narrowest if heading else min(narrowest, _NARROWEST)) and fits(
            plan, height, width, share
        ):
            return plan
    return None


def fits(plan: Plan, height: int, width: int, share: float) -> bool:
    """Whether a panel has room in a picture, and takes no more than a share of it."""
    return plan.height + 2 * plan.margin <= height and plan.height * plan.width <= share * height * width


@dataclass(frozen=True, slots=True)
class _Line:
    """A name, a shorter one, its share of the whole 0…1 or None, and its colour."""

    name: str
    short: str
    share: float | None
    colour: Colour


def name_of(index: int, labels: tuple[str, ...]) -> str:
    """What a class is called in a picture: by its number where its name is not known, or no font has its letters."""
    return drawable(labels[index]) or f"class {index}" if index < len(labels) else f"class {index}"


def question(explanation: Explanation, labels: tuple[str, ...]) -> str:
    """What the heat answers; what the model does not know, it is not asked."""
    if explanation.verdict == "no idea":
        return "nothing that I know"
    parts = []
    for index, versus, against in zip(explanation.classes, explanation.versus, explanation.against, strict=True):
        name = name_of(int(index), labels)
        name += f" rather than {name_of(int(versus), labels)}" if versus >= 0 else ""
        name += " rather than similar" if versus == RIVALS_OF else ""
        parts.append(f"not {name}" if against else name)
    unsure = " (unsure)" if explanation.verdict == "unsure" else ""
    return f"why {' or '.join(parts)}?{unsure}"


def _scores(explanation: Explanation, top_k: int) -> list[tuple[int, float]]:
    """The most probable classes, and the explained ones besides."""
    rows = explanation.top(top_k)
    listed = {index for index, _ in rows}
    return rows + [
        (int(index), float(score))
        for index, score in zip(explanation.classes, explanation.scores, strict=True)
        if int(index) not in listed
    ]


def _lines(explanation: Explanation, labels: tuple[str, ...], top_k: int, count: int) -> list[_Line]:
    """What is listed: where not all has room, explained classes come first, then what is inside, then the probable."""
    several = len(explanation.classes) > 1
    explained = {int(c): colour_of(k) if several else AMBER for k, c in enumerate(explanation.classes)}
    count -= _has_strip(explanation, count)
    rows, extras = _scores(explanation, top_k), _measured(explanation)
    extras = extras[: max(0, count - min(len(explained), len(rows)))]
    room = count - len(extras)
    chosen = sorted(range(len(rows)), key=lambda n: (rows[n][0] not in explained, n))[:room]
    lines = []
    for index, score in (rows[n] for n in sorted(chosen)):
        name = name_of(index, labels)
        lines.append(_Line(name, name, score, explained.get(index, GRAY)))
    return [*lines, *extras]


def _measured(explanation: Explanation) -> list[_Line]:
    """What else was measured: how much of the evidence lies inside a region, and what covering it costs."""
    lines, inside, covering = [], explanation.inside, explanation.covering
    if inside:
        share = inside.shares[0]
        name, short = ("looks elsewhere", "elsewhere") if inside.alert else ("evidence inside", "inside")
        name, short = ("no evidence", "none") if share is None else (name, short)
        lines.append(_Line(name, short, share, RED if inside.alert else WHITE))
    if covering:
        name, short = ("lost if covered", "covered") if covering.proves else ("covering proves nothing", "unproved")
        lines.append(_Line(name, short, max(0.0, covering.hot), WHITE if covering.proves else RED))
    return lines


def panel_plan(image: UInt8Array, explanation: Explanation, top_k: int) -> Plan | None:
    """How the panel of an explanation fits into a corner of a picture; None where it does not."""
    return plan_panel(*image.shape[:2], count_lines(explanation, top_k), usual=text_size(image))


def count_lines(explanation: Explanation, top_k: int) -> int:
    """How many lines there are to list of an explanation."""
    return len(_scores(explanation, top_k)) + len(_measured(explanation)) + (explanation.clip is not None)


def _has_strip(explanation: Explanation, lines: int) -> bool:
    """Whether the last of so many lines is the strip of time."""
    return explanation.clip is not None and lines > 1


def corner_boxes(image: UInt8Array, plan: Plan, corner: SteadyCorner) -> list[Box]:
    """Where a panel lies in each of the four corners of a picture."""
    below = bar_height(image) if corner.above_bar else 0
    return [corner_box(k, image.shape, plan.width, plan.height, plan.margin, below) for k in range(4)]


def draw_panel(
    image: UInt8Array, explanation: Explanation, labels: tuple[str, ...], top_k: int, plan: Plan, box: Box
) -> None:
    """Draw a panel with the most probable classes, in place.

    The heading names the class that the map explains; its bar is marked, and it is listed even where it is not among the
    most probable. The last lines say how much of the evidence lies in the region of interest, where there is one, and what
    share of its probability the class loses when the hottest places are covered, where that is checked. Of a video classifier,
    the strip of time is under them.

    Args:
        image: ``(H, W, 3)`` uint8 BGR, changed in place.
        explanation: whose classes to list.
        labels: one name a class; a class without a name is listed by its index.
        top_k: how many classes to list besides the explained ones.
        plan: how large it is, and what has room in it.
        box: where it lies.
    """
    panel = image[box.y : box.y + plan.height, box.x : box.x + plan.width]
    darken(panel)
    size, pad, step = plan.size, round(plan.size * 0.6), round(plan.size * 1.75)
    percent_width = text_width("100 %", size)
    bar_width = round(plan.width * 0.28) if plan.width >= size * _WITH_BARS else 0
    bar_x = plan.width - pad - percent_width - (pad + bar_width if bar_width else 0)
    baseline = plan.margin // 2 + round(size * 1.3)
    if plan.heading:
        write(panel, fitted(question(explanation, labels), size, plan.width - 2 * pad), pad, baseline, AMBER, size)
        baseline += step
    for line in _lines(explanation, labels, top_k, plan.lines):
        room = bar_x - 2 * pad
        name = line.name if text_width(line.name, size) <= room else line.short
        write(panel, fitted(name, size, room), pad, baseline, line.colour, size)
        if line.share is not None:
            if bar_width:
                top, bottom = baseline - round(size * 0.62), baseline - round(size * 0.1)
                filled = bar_x + round(bar_width * line.share)
                cv2.rectangle(panel, (bar_x, top), (bar_x + bar_width, bottom), _TRACK, cv2.FILLED)
                cv2.rectangle(panel, (bar_x, top), (filled, bottom), line.colour, cv2.FILLED)
            percent = f"{line.share * 100:.0f} %"
            write(panel, percent, plan.width - pad - text_width(percent, size), baseline, WHITE, size)
        baseline += step
    if _has_strip(explanation, plan.lines):
        said = said_of(explanation)
        room = text_width("in 0.0 s", size) + pad
        top = baseline - round(size * 1.05)
        draw_strip(panel, explanation, Box(pad, top, plan.width - 2 * pad - room, round(size * 1.35)))
        write(panel, said, plan.width - pad - text_width(said, size), baseline, WHITE, size)
