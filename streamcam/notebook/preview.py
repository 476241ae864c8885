"""``preview``: live pictures in a notebook's cell."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from streamcam.errors import OptionError
from streamcam.explainers.targets import targets_of
from streamcam.live.watch import watch
from streamcam.models.catalog import BUNDLED
from streamcam.notebook.cell import Cell, in_notebook
from streamcam.notebook.html import jpeg_of
from streamcam.notebook.kept import explainer_for
from streamcam.settings import CaptureSettings, ExplainSettings, ModelSettings, PictureSettings
from streamcam.types import Explanation, Frame, Targets

if TYPE_CHECKING:
    from streamcam.notebook.kept import Model

_PICTURE = PictureSettings(mode="heat", alpha=0.7)


class _CellSink:
    """Shows frames in a cell: not more a second, and no wider, than a notebook takes."""

    def __init__(self, width: int, fps: float) -> None:
        self._width, self._interval = width, 1 / fps
        self._cell, self._due = Cell(), 0.0

    def write(self, frame: Frame, explanation: Explanation | None) -> None:
        """Show a frame, if it is time for one."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + self._interval
        image, (height, width) = frame.image, frame.image.shape[:2]
        if width > self._width:
            size = self._width, max(1, round(height * self._width / width))
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        self._cell.jpeg(jpeg_of(image))


def preview(
    source: str | int | Path = 0,
    targets: Targets | str | int = "top1",
    *,
    model: Model = BUNDLED,
    seconds: float | None = None,
    width: int = 640,
    fps: float = 12.0,
    picture: PictureSettings = _PICTURE,
    capture: CaptureSettings = CaptureSettings(),
) -> None:
    """Show a camera, a stream or a file live in the cell, explained, until the kernel is interrupted.

    Nothing is recorded. Outside of a notebook ``watch`` opens a window.

    Args:
        source: a camera's number, a device path, a URL, or a file.
        targets: the classes to explain.
        model: a name, the path of a model file, a Keras model, or a ``Classifier``.
        seconds: end after so long; None for never.
        width: of the pictures at most, in pixels.
        fps: pictures a second at most: each of them goes through the notebook's server.
        picture: how it is drawn.
        capture: how the source is read.

    Raises:
        OptionError: this is no notebook, or a setting is outside its range.
        SourceError: the source is a file that cannot be read, or can be none.
        ModelError, TargetError: the model or its classes.

    Example::

        streamcam.preview(0)
    """
    if not in_notebook():
        raise OptionError(
            "preview: shows pictures in a notebook's cell, and this is none; streamcam.watch opens a window"
        )
    if not 0 < fps <= 60 or width < 16:
        raise OptionError(f"fps {fps:g}, width {width}: up to 60 pictures a second, of 16 pixels or more")
    settings = ExplainSettings(targets=targets_of(targets))
    named = isinstance(model, str | Path)
    watch(
        source,
        model=ModelSettings(model=str(model)) if named else ModelSettings(),
        explain=settings if named else explainer_for(model, settings),
        picture=picture,
        capture=capture,
        window=False,
        seconds=seconds,
        sinks=[_CellSink(width, fps)],
    )
