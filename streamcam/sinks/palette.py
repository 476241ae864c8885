"""Pictures in 256 colours: the palette that suits a stretch of a clip best, and each of its pictures dithered to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from streamcam.types import UInt8Array

# An ordered pattern compresses better than error diffusion, and stays where the picture does; so weak, it keeps the colours.
_DITHER = "dither=bayer:bayer_scale=4:diff_mode=rectangle"


def in_palette(images: Iterable[UInt8Array]) -> Iterator[Any]:
    """PyAV frames in ``pal8``, all with the same palette, which is made of all of the pictures.

    Args:
        images: ``(H, W, 3)`` BGR, of one size, at least one.
    """
    images = list(images)
    palette = _palette_of(images)
    graph, pictures, colours = _graph(images[0], "paletteuse", _DITHER, second=palette)
    colours.push(palette)
    colours.push(None)
    for number, image in enumerate(images):
        pictures.push(_frame(image, number))
        if number == len(images) - 1:
            pictures.push(None)
        yield from _ready(graph)


def _palette_of(images: list[UInt8Array]) -> Any:
    graph, pictures, _ = _graph(images[0], "palettegen", "")
    for number, image in enumerate(images):
        pictures.push(_frame(image, number))
    pictures.push(None)
    [palette] = _ready(graph)
    palette.pts = 0
    return palette


def _graph(image: UInt8Array, name: str, arguments: str, second: Any = None) -> tuple[Any, Any, Any]:
    """A graph with one filter: its inputs, of which the second is a palette."""
    from streamcam.system.ffmpeg import av

    graph: Any = av.filter.Graph()
    clock = {"time_base": Fraction(1, 100)}
    first = graph.add_buffer(width=image.shape[1], height=image.shape[0], format="rgb24", name="pictures", **clock)
    middle = graph.add(name, arguments) if arguments else graph.add(name)
    to_rgb = graph.add("format", "bgra")
    first.link_to(to_rgb)
    to_rgb.link_to(middle, 0, 0)
    colours = None
    if second is not None:
        form = second.format.name
        colours = graph.add_buffer(width=second.width, height=second.height, format=form, name="palette", **clock)
        colours.link_to(middle, 0, 1)
    middle.link_to(graph.add("buffersink"))
    graph.configure()
    return graph, first, colours


def _frame(image: UInt8Array, number: int) -> Any:
    from streamcam.system.ffmpeg import av

    frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="rgb24")
    frame.pts = number
    return frame


def _ready(graph: Any) -> Iterator[Any]:
    from streamcam.system.ffmpeg import av

    while True:
        try:
            yield graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
