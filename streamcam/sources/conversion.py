"""Turn decoded frames into pictures to look at: deinterlaced, upright, in normal range, opaque, all of one size."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from streamcam.sources.decoder import seconds_of
from streamcam.sources.hdr import ToneMap, write_cube
from streamcam.sources.orientation import Orientation
from streamcam.types import UInt8Array

# A picture, (H, W, 3) uint8 BGR, and when it is shown in seconds by the file's clock, None where it does not say.
Timed: TypeAlias = tuple[UInt8Array, float | None]

_BACKGROUND = 255  # behind what is transparent
_AS_OPENCV = "BICUBIC"  # how OpenCV's reader lets swscale interpolate, so that both readers give the same


class Conversion:
    """Converts the frames of one stream, in order. Frames are PyAV's.

    Args:
        orientation: what makes them upright.
        tone: how their high dynamic range is brought to a normal one, or None.
        size: width and height of all of them, before they are turned; those of another size are scaled. None: as they come.
        deinterlace: whether interlaced ones become whole pictures, one each.
    """

    def __init__(
        self,
        orientation: Orientation,
        tone: ToneMap | None = None,
        size: tuple[int, int] | None = None,
        *,
        deinterlace: bool = True,
    ) -> None:
        self._orientation, self._tone, self._size = orientation, tone, size
        self._deinterlace = deinterlace
        self._fields = _Filter("bwdif", mode="send_frame", deint="interlaced")
        self._light: _Filter | None = None

    def pictures(self, frame: Any | None) -> Iterator[Timed]:
        """The pictures that are ready after one more frame, or after the last one (None)."""
        woven = self._deinterlace and (self._fields.used or (frame is not None and frame.interlaced_frame))
        if frame is not None and not woven:
            yield self._picture(frame), _time(frame)
            return
        for ready in self._fields.frames(frame):
            yield self._picture(ready), _time(ready)

    def _picture(self, frame: Any) -> UInt8Array:
        width, height = self._size or (frame.width, frame.height)
        if self._tone:
            frame = self._toned(frame, width, height)
        clear = any(part.is_alpha for part in frame.format.components)
        image: UInt8Array = np.asarray(
            frame.to_ndarray(format="bgra" if clear else "bgr24", width=width, height=height, interpolation=_AS_OPENCV)
        )
        return self._orientation.upright(_opaque(image) if clear else image)

    def _toned(self, frame: Any, width: int, height: int) -> Any:
        if self._light is None:
            with tempfile.TemporaryDirectory() as folder:
                cube = Path(folder) / "tone.cube"
                assert self._tone
                write_cube(cube, self._tone)
                self._light = _Filter("lut3d", file=str(cube), interp="tetrahedral")
                self._light.prepare(rgb := frame.reformat(width, height, "gbrp12le", interpolation=_AS_OPENCV))
        else:
            rgb = frame.reformat(width, height, "gbrp12le", interpolation=_AS_OPENCV)
        return next(iter(self._light.frames(rgb)))


class _Filter:
    """One filter of FFmpeg, made for the frames that come."""

    def __init__(self, name: str, **options: str) -> None:
        self._name, self._options = name, options
        self._graph: Any = None
        self._kind: tuple[Any, ...] = ()

    @property
    def used(self) -> bool:
        return self._graph is not None

    def prepare(self, frame: Any) -> None:
        from streamcam.system.ffmpeg import av

        self._kind = _kind(frame)
        self._graph = graph = av.filter.Graph()
        graph.link_nodes(
            graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base),
            graph.add(self._name, **self._options),
            graph.add("buffersink"),
        ).configure()

    def frames(self, frame: Any | None) -> Iterator[Any]:
        """What comes out after one more frame; None: what is left."""
        if self._graph is not None and (frame is None or _kind(frame) != self._kind):
            self._graph.vpush(None)
            yield from self._ready()
            self._graph = None
        if frame is None:
            return
        if self._graph is None:
            self.prepare(frame)
        self._graph.vpush(frame)
        yield from self._ready()

    def _ready(self) -> Iterator[Any]:
        from streamcam.system.ffmpeg import av

        while True:
            try:
                yield self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return


def _kind(frame: Any) -> tuple[Any, ...]:
    return frame.width, frame.height, frame.format.name, frame.time_base, frame.colorspace, frame.color_range


def _time(frame: Any) -> float | None:
    return None if frame.pts is None else seconds_of(frame)


def _opaque(image: UInt8Array) -> UInt8Array:
    """A BGRA picture over a plain background, ``(H, W, 3)``: what lies hidden under transparency is not seen."""
    if image[..., 3].min() == 255:
        return np.ascontiguousarray(image[..., :3])
    alpha = image[..., 3:].astype(np.uint16)
    blended = (image[..., :3] * alpha + _BACKGROUND * (255 - alpha) + 127) // 255
    return np.asarray(blended, np.uint8)
