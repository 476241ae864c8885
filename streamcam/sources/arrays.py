"""Any iterable of arrays as a source."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterable, Iterator
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from streamcam.errors import OptionError
from streamcam.images import USUAL_RATE, check_images, frame_of, image_from
from streamcam.protocols import Closing
from streamcam.types import Frame, Image, VideoInfo


class ArraySource(Closing):
    """The frames of an iterable of arrays. The first is taken at once, to know its size.

    Args:
        images: each ``(H, W, 3)`` uint8, all of one size; or each a ``Frame``, which is given on as it is.
        fps: pictures a second: the times of arrays are multiples of 1 / fps.
        order: of the channels: ``bgr`` as OpenCV has it, ``rgb`` as imageio and PIL have it.

    Raises:
        OptionError: an item is no picture, or the rate or the order is none.
    """

    lost = 0

    def __init__(
        self,
        images: Iterable[Image | Frame],
        *,
        fps: float = float(USUAL_RATE),
        order: Literal["bgr", "rgb"] = "bgr",
    ) -> None:
        if not 0 < fps <= 1000:
            raise OptionError(f"fps {fps:g}: must be more than 0, and at most 1000")
        if order not in ("bgr", "rgb"):
            raise OptionError(f"order {order}: choose one of bgr, rgb")
        self._rgb, self._rate = order == "rgb", Fraction(fps).limit_denominator(1001)
        check_images(images)
        self._images = iter(images)
        first = list(itertools.islice(self._images, 1))
        self._rest: Iterator[Any] = itertools.chain(first, self._images)
        height, width = self._frame(first[0], 0).image.shape[:2] if first else (1, 1)
        self.info = VideoInfo(width, height, self._rate)

    def __iter__(self) -> Iterator[Frame]:
        for number, image in enumerate(self._rest):
            yield self._frame(image, number)

    def _frame(self, image: Any, number: int) -> Frame:
        if self._rgb and not isinstance(image, Frame):
            image = np.ascontiguousarray(image_from(image)[..., ::-1])
        return frame_of(image, number, self._rate)

    def close(self) -> None:
        """Close the iterable, where it is a generator."""
        if isinstance(self._images, Generator):
            self._images.close()


def frames(
    images: Iterable[Image | Frame], *, fps: float = float(USUAL_RATE), order: Literal["bgr", "rgb"] = "bgr"
) -> ArraySource:
    """Any iterable of arrays as a source, see ``ArraySource``.

    Example::

        import imageio.v3

        from streamcam import GradCAM, VideoSink, frames, run

        with frames(imageio.v3.imiter("in.mp4"), fps=25, order="rgb") as source, VideoSink("out.mp4", source.info) as sink:
            run(source, GradCAM("efficientnet-lite0"), [sink])
    """
    return ArraySource(images, fps=fps, order=order)
