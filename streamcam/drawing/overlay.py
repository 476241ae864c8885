"""Explanations drawn on their pictures, in one of several layouts, with what is written on them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import get_args

import cv2
import numpy as np

from streamcam.choices import BlendMode, Layout
from streamcam.drawing.colours import blend, blend_several, colour_table, upsample
from streamcam.drawing.corner import Box, SteadyCorner
from streamcam.drawing.panel import Plan, corner_boxes, draw_panel, name_of, panel_plan
from streamcam.drawing.scale import draw_scale, draw_words, scale_plan
from streamcam.drawing.text import RED, WHITE, colour_of, text_size
from streamcam.drawing.tiles import caption_boxes, draw_caption, scaled, shrunk, tile_boxes, tiled
from streamcam.errors import OptionError
from streamcam.settings import PictureSettings
from streamcam.types import Explanation, Image, UInt8Array

_HEATMAP = "heatmap"
_UNSEEN = 28  # gray level, in the heatmap, of what the model did not see


@dataclass(frozen=True, slots=True)
class Overlay(PictureSettings):
    """Draws explanations on their frames.

    Attributes:
        labels: one name a class; the other attributes are those of ``PictureSettings``, by keyword.

    Raises:
        OptionError: a setting is outside its range.

    Example::

        overlay = streamcam.Overlay(explain.labels, mode="heat", alpha=0.8)
        picture = overlay.draw(image, explain(image))
    """

    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        colour_table(self.colormap)
        if not 0 <= self.alpha <= 1:
            raise OptionError(f"alpha {self.alpha:g}: the heatmap's opacity must be 0 to 1")
        if self.mode not in get_args(BlendMode):
            raise OptionError(f"blend {self.mode}: choose one of {', '.join(get_args(BlendMode))}")
        if self.layout not in get_args(Layout):
            raise OptionError(f"layout {self.layout}: choose one of {', '.join(get_args(Layout))}")
        if self.top_k < 0:
            raise OptionError(f"top-k {self.top_k}: the number of labels shown cannot be negative")

    def draw(self, image: Image, explanation: Explanation, corner: SteadyCorner | None = None) -> UInt8Array:
        """A new picture of the same size with the heat and the labels on it.

        Args:
            image: ``(H, W, 3)`` uint8 BGR; it is left as it is.
            explanation: its ``heat`` is drawn; of several maps, each place shows the hottest in that one's own colour.
            corner: of the video that the picture belongs to, see ``SteadyDrawing``; None for a picture by itself.

        Raises:
            OptionError: the explanation has no heat yet: that comes from ``steadied`` or ``unsteadied``.
        """
        if explanation.heat is None:
            raise OptionError(
                "draw: the explanation has no heat yet; explain(frame) gives it, as steadied() and unsteadied() do"
            )
        if self.layout == "original":
            return image.copy()
        corner = corner or SteadyCorner()
        self.follow(image, explanation, corner)
        if self.layout == "heatmap":
            return self._heatmap(image, explanation, corner)
        if boxes := self._boxes(image, explanation):
            small, whole = shrunk(image, boxes[0]), scaled(explanation, image, boxes[0])
            draw = self._panels if self.layout == "panels" else self._side_by_side
            return tiled(image.shape, boxes, draw(small, whole, corner))
        return self._overlay(image, explanation, corner)

    def follow(self, image: UInt8Array, explanation: Explanation, corner: SteadyCorner) -> None:
        """Let a corner follow the heat of one more frame, as ``draw`` does."""
        if not self.hud or explanation.heat is None or self.layout == "original":
            return
        if boxes := self._boxes(image, explanation):
            explanation = scaled(explanation, image, boxes[0])
            image = image[: boxes[0].height, : boxes[0].width]
        if self.layout == "panels" and boxes:
            choices = caption_boxes(image, _HEATMAP)
        else:
            plan = self._plan(image, explanation)
            choices = corner_boxes(image, plan, corner) if plan else []
        if choices:
            corner.follow(explanation, choices)

    def _plan(self, image: UInt8Array, explanation: Explanation) -> Plan | None:
        """How large what is written into a corner is."""
        if not self.hud:
            return None
        if self.layout == "heatmap":
            return scale_plan(image, explanation)
        return panel_plan(image, explanation, self.top_k)

    def _boxes(self, image: UInt8Array, explanation: Explanation) -> list[Box]:
        """The tiles of a layout that has several; none where they would have no pixels."""
        height, width = image.shape[:2]
        count = len(explanation.classes)
        if self.layout == "side by side":
            return tile_boxes(height, width, 1 + count)
        if self.layout == "panels":
            # Of one target, the fourth of four tiles is for words; of several, each has a row behind the first column.
            return tile_boxes(height, width, 4, 2) if count == 1 else tile_boxes(height, width, 3 * count, 3)
        return []

    def _overlay(self, image: UInt8Array, explanation: Explanation, corner: SteadyCorner) -> UInt8Array:
        """Heat over a picture, with the panel."""
        picture = self._over(image, explanation)
        if plan := self._plan(picture, explanation):
            box = corner_boxes(picture, plan, corner)[corner.corner]
            draw_panel(picture, explanation, self.labels, self.top_k, plan, box)
        return picture

    def _over(self, image: UInt8Array, explanation: Explanation) -> UInt8Array:
        """Heat over a picture, with the outlines of what the model saw and of the region of interest."""
        heat, r = explanation.heat, explanation.region
        assert heat is not None
        part = image[r.y0 : r.y1, r.x0 : r.x1]
        if len(heat) == 1:
            levels = upsample(heat[0], *part.shape[:2])
            blended = blend(part, levels, alpha=self.alpha, colormap=self.colormap, mode=self.mode)
        else:
            blended = blend_several(part, heat, alpha=self.alpha)
        return self._outlined(image.copy() if part.shape != image.shape else None, blended, explanation)

    def _heat_alone(self, image: UInt8Array, explanation: Explanation) -> UInt8Array:
        """Heat in the place of a picture; of several maps over black. What the model did not see is gray."""
        heat, r = explanation.heat, explanation.region
        assert heat is not None
        if len(heat) == 1:
            levels = upsample(heat[0], r.y1 - r.y0, r.x1 - r.x0)
            part = cv2.applyColorMap(levels, colour_table(self.colormap)).astype(np.uint8, copy=False)
        else:
            part = blend_several(np.zeros((r.y1 - r.y0, r.x1 - r.x0, 3), np.uint8), heat, alpha=1)
        around = np.full_like(image, _UNSEEN) if part.shape != image.shape else None
        return self._outlined(around, part, explanation)

    def _outlined(self, around: UInt8Array | None, part: UInt8Array, explanation: Explanation) -> UInt8Array:
        r, inside, picture = explanation.region, explanation.inside, part
        if around is not None:
            picture = around
            picture[r.y0 : r.y1, r.x0 : r.x1] = part
            cv2.rectangle(picture, (r.x0, r.y0), (r.x1 - 1, r.y1 - 1), WHITE, 1)
        if inside and self.hud:
            colour = RED if inside.alert else WHITE
            cv2.polylines(picture, list(inside.outlines), True, colour, max(1, text_size(picture) // 10), cv2.LINE_AA)
        return picture

    def _heatmap(self, image: UInt8Array, explanation: Explanation, corner: SteadyCorner) -> UInt8Array:
        picture = self._heat_alone(image, explanation)
        if plan := self._plan(picture, explanation):
            box = corner_boxes(picture, plan, corner)[corner.corner]
            draw_scale(picture, explanation, self.labels, colour_table(self.colormap), plan, box)
        return picture

    def _side_by_side(self, image: UInt8Array, explanation: Explanation, corner: SteadyCorner) -> list[UInt8Array]:
        return [image, *(self._overlay(image, explanation.only(k), corner) for k in range(len(explanation.classes)))]

    def _panels(self, image: UInt8Array, explanation: Explanation, corner: SteadyCorner) -> list[UInt8Array]:
        colours, several = colour_table(self.colormap), len(explanation.classes) > 1
        words = np.zeros_like(image)
        tiles: list[UInt8Array] = []
        for k, index in enumerate(explanation.classes):
            single = explanation.only(k)
            first = image.copy() if k == 0 else words if k == 1 else np.zeros_like(image)
            row = [first, self._heat_alone(image, single), self._over(image, single)]
            if self.hud:
                name = f": {name_of(int(index), self.labels)}" if several else ""
                captions = ["original" if k == 0 else "", f"{_HEATMAP}{name}", f"overlay{name}"]
                for tile, caption in zip(row, captions, strict=True):
                    draw_caption(tile, caption, corner.corner, colour_of(k) if several and tile is not first else WHITE)
            tiles += row
        if self.hud:
            draw_words(words, explanation, self.labels, self.top_k, colours)
        return tiles if several else [*tiles, words]


class SteadyDrawing:
    """Draws the frames of one video, in their order: what is written on them keeps its corner while that serves.

    Args:
        overlay: draws each.
    """

    def __init__(self, overlay: Overlay) -> None:
        self._overlay, self._corner = overlay, SteadyCorner()

    def draw(self, image: UInt8Array, explanation: Explanation) -> UInt8Array:
        """A new picture of the same size, see ``Overlay.draw``."""
        return self._overlay.draw(image, explanation, self._corner)


def make_overlay(settings: PictureSettings, labels: tuple[str, ...] = ()) -> Overlay:
    """An ``Overlay`` from settings. Raises ``OptionError`` where one is outside its range."""
    return Overlay(labels, **asdict(settings))
