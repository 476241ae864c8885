"""Which part of a frame the model sees, and at which size."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from streamcam.choices import Fit, FitChoice
from streamcam.errors import OptionError
from streamcam.models.assumed import say_once
from streamcam.models.classifier import Classifier
from streamcam.types import Region, UInt8Array

# Beyond this ratio of the sides, `native` squeezes too: a frame one pixel high is no reason for a huge input.
MAX_ASPECT = 4.0


@dataclass(frozen=True, slots=True)
class View:
    """What the model gets of a frame.

    Attributes:
        region: the part of the frame, in frame pixels.
        height: of the model's input, in pixels.
        width: of the model's input, in pixels.
    """

    region: Region
    height: int
    width: int

    @property
    def area(self) -> int:
        """Pixels of the model's input."""
        return self.height * self.width

    def cut(self, image: UInt8Array) -> UInt8Array:
        """The model's input: ``(H, W, 3)`` uint8 in, ``(height, width, 3)`` uint8 out.

        Halved by averaging while it is more than twice too large, then bilinear: nearly as smooth as an average over
        the exact area, at a tenth of its cost.
        """
        r = self.region
        part = image[r.y0 : r.y1, r.x0 : r.x1]
        if part.shape[:2] == (self.height, self.width):
            return part
        while part.shape[0] >= 2 * self.height and part.shape[1] >= 2 * self.width:
            h, w = part.shape[0] // 2, part.shape[1] // 2
            part = cv2.resize(part[: 2 * h, : 2 * w], (w, h), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        return cv2.resize(part, (self.width, self.height), interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)


def view_of(frame: tuple[int, int], fit: Fit, size: tuple[int, int], stride: int) -> View:
    """Lay out a frame for the model.

    ``native`` scales the short side to the model's, keeps the aspect (up to ``MAX_ASPECT``) and makes the long side
    longer by whole strides. ``stretch`` squeezes the whole frame into the model's size. ``crop`` takes the largest centred part
    that has the model's aspect.

    Args:
        frame: ``(height, width)`` of the frame in pixels.
        fit: one of the three.
        size: ``(height, width)`` of the model's input in pixels.
        stride: pixels of input to one cell of the last map.
    """
    height, width = frame
    whole = Region(0, 0, width, height)
    if fit == "stretch":
        return View(whole, *size)
    if fit == "crop":
        scale = min(height / size[0], width / size[1])
        h, w = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
        y, x = (height - h) // 2, (width - w) // 2
        return View(Region(x, y, x + w, y + h), *size)
    short = min(size)
    scale = short / min(height, width)

    def side(pixels: int) -> int:
        return short + round((min(pixels * scale, short * MAX_ASPECT) - short) / stride) * stride

    return View(whole, side(height), side(width))


def size_of_input(classifier: Classifier, short: int | None) -> tuple[int, int]:
    """``(height, width)`` of a model's input in pixels, with a short side of so many; its own for None.

    Raises:
        OptionError: it cannot be of that size.
    """
    own = classifier.input_size
    if short is None:
        return own
    if not 16 <= short <= 4096:
        raise OptionError(f"size {short}: the short side of the model's input must be 16 to 4096 pixels")
    scale = short / min(own)
    size = round(own[0] * scale), round(own[1] * scale)
    if classifier.fixed_size and size != own:
        raise OptionError(f"size {min(size)}: {classifier.name} takes only {own[1]}x{own[0]}")
    return size


def chosen_fit(classifier: Classifier, wanted: FitChoice) -> Fit:
    """What a model sees of a frame."""
    fit = classifier.fit if wanted == "auto" else wanted
    if fit == "native" and classifier.fixed_size:
        return "stretch"
    if fit != "native" and wanted == "auto":
        say_once(f"{classifier.name}: fed the centre of the frame, as its authors do (--fit native for all of it)")
    return fit
