"""Which tensors of a network lie over the image like a map, and which of them is meant."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streamcam.errors import LayerError, UnknownLayerError

# Convolutions without padding change the ratio of a small map's sides, but not by this much.
_MOST_SKEW = 2.0
_CLASS_TOKENS = (0, 1, 2)  # before the patches: none, a class token, and one for distillation


@dataclass(frozen=True, slots=True)
class Layer:
    """A spatial tensor of a network.

    Attributes:
        path: what people call it: the path of a Keras layer (``outer/inner``), the name of a node or tensor elsewhere.
        kind: its class or operation type.
        shape: ``(h, w, c)`` at the input size that the model was built for, whatever the layout; ``(t, h, w, c)`` of a
            network that looks at clips.
        layout: of the tensor in the graph: ``nchw``, ``nhwc``, or ``tokens`` for ``(1, n, c)``, in which the map's places
            come last, after any class tokens. Of clips, ``nchw``, ``nhwc`` and ``tokens`` have a row for each time step in
            place of the batch, or ``tokens`` all places of all time steps; and there are ``ncthw`` and ``nthwc``.
        shown: whether it makes its tensor by itself, rather than holding other layers or passing a tensor on.
    """

    path: str
    kind: str
    shape: tuple[int, ...]
    layout: str = "nchw"
    shown: bool = True

    @property
    def grid(self) -> tuple[int, ...]:
        """``(h, w)``, or ``(t, h, w)``, at the input size that the model was built for."""
        return self.shape[:-1]


def places_of(layer: Layer, shape: Sequence[int]) -> tuple[int, ...]:
    """``(h, w)``, or ``(t, h, w)``, of a layer's tensor, which has this shape."""
    if layer.layout == "tokens":
        return layer.grid
    axes = {"nchw": (0, 2, 3), "nhwc": (0, 1, 2), "ncthw": (2, 3, 4), "nthwc": (1, 2, 3)}[layer.layout]
    return tuple(shape[axis] for axis in axes[3 - len(layer.grid) :])


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tensor that may be a map.

    Attributes:
        path: what people call it.
        kind: its class or operation type.
        layout: ``nchw`` or ``nhwc``, where it has four dimensions; ``ncthw`` or ``nthwc``, where it has five.
        shown: whether it makes its tensor by itself, rather than holding other layers or passing a tensor on.
    """

    path: str
    kind: str
    layout: str = "nchw"
    shown: bool = True


def lay_out(
    candidates: Sequence[Candidate],
    shapes: Sequence[tuple[int, ...] | None],
    image: tuple[int, int],
    *,
    attention: bool,
    frames: int = 0,
) -> Iterator[Layer | None]:
    """Each candidate as a layer, None where it is no map.

    Args:
        candidates: in the order of the network.
        shapes: of their tensors for this image; None where it is not known.
        image: ``(height, width)`` in pixels.
        attention: whether the network has attention: then a row of as many tokens as there are patches is a map too.
        frames: how many the network looks at, 0 for one picture and no time.
    """
    if frames:
        yield from _over_time(candidates, shapes, image, frames, attention=attention)
        return
    grid: tuple[int, int] | None = None
    for candidate, shape in zip(candidates, shapes, strict=True):
        layer = None
        if shape is not None and len(shape) == 4 and shape[0] == 1:
            h, w, c = shape[1:] if candidate.layout == "nhwc" else (shape[2], shape[3], shape[1])
            if is_map((h, w), image):
                grid = h, w
                layer = Layer(candidate.path, candidate.kind, (h, w, c), candidate.layout, candidate.shown)
        elif shape is not None and len(shape) == 3 and shape[0] == 1 and attention:
            place = _patches(shape[1], grid, image)
            if place:
                layer = Layer(candidate.path, candidate.kind, (*place, shape[2]), "tokens", candidate.shown)
        yield layer


def _over_time(
    candidates: Sequence[Candidate],
    shapes: Sequence[tuple[int, ...] | None],
    image: tuple[int, int],
    frames: int,
    *,
    attention: bool,
) -> Iterator[Layer | None]:
    """The same, of a network that looks at clips: maps over space and time, or one over space for each time step."""
    grid: tuple[int, ...] | None = None
    for candidate, shape in zip(candidates, shapes, strict=True):
        layer = None
        if shape is not None and len(shape) == 3 and attention:
            place = _tokens(shape, grid)
            if place:
                layer = Layer(candidate.path, candidate.kind, (*place, shape[2]), "tokens", candidate.shown)
        elif shape is not None and (found := in_space_and_time(shape, candidate.layout)):
            place, channels = found
            if place[0] <= frames and is_map((place[1], place[2]), image):
                grid = place
                layer = Layer(candidate.path, candidate.kind, (*place, channels), candidate.layout, candidate.shown)
        yield layer


def in_space_and_time(shape: tuple[int, ...], layout: str) -> tuple[tuple[int, ...], int] | None:
    """``(t, h, w)`` and the channels of a tensor. With four dimensions, the batch is time; a batch of one has none."""
    if len(shape) == 5 and shape[0] == 1 and layout in ("ncthw", "nthwc"):
        return (shape[2:], shape[1]) if layout == "ncthw" else (shape[1:4], shape[4])
    if len(shape) == 4 and shape[0] > 1:
        return ((shape[0], *shape[2:]), shape[1]) if layout == "nchw" else (shape[:3], shape[3])
    return None


def _tokens(shape: tuple[int, ...], grid: tuple[int, ...] | None) -> tuple[int, ...] | None:
    """``(t, h, w)`` of rows of tokens: all places of all time steps in one row, or a row for each time step."""
    if grid is None:
        return None
    for extra in _CLASS_TOKENS:
        if shape[0] == 1 and shape[1] - extra == grid[0] * grid[1] * grid[2]:
            return grid
        if shape[0] == grid[0] > 1 and shape[1] - extra == grid[1] * grid[2]:
            return grid
    return None


def said(size: tuple[int | None, ...], frames: int) -> str:
    """What a network of this input is called on, in messages: ``(height, width)`` in pixels, and how many frames or 0."""
    return f"a clip of {frames} frames of {size[1]}x{size[0]}" if frames else f"one {size[1]}x{size[0]} image"


def is_map(size: tuple[int, int], image: tuple[int, int]) -> bool:
    """Whether a tensor of ``(height, width)`` lies over an image like a map: no larger, and of about its proportions.

    The tokens and heads of an attention layer are no such map.
    """
    if size[0] * size[1] <= 1 or size[0] > image[0] or size[1] > image[1]:
        return False
    skew = (size[0] / size[1]) / (image[0] / image[1])
    return 1 / _MOST_SKEW < skew < _MOST_SKEW


def _patches(count: int, grid: tuple[int, int] | None, image: tuple[int, int]) -> tuple[int, int] | None:
    """``(h, w)`` of a row of tokens: as many as the last map has places, or a square, perhaps with class tokens before."""
    for extra in _CLASS_TOKENS:
        side = math.isqrt(max(count - extra, 0))
        if grid and count - extra == grid[0] * grid[1]:
            return grid
        if grid is None and image[0] == image[1] and side > 1 and side * side == count - extra:
            return side, side
    return None


def choose_layers(layers: Sequence[Layer], paths: Sequence[str], model_name: str) -> tuple[Layer, ...]:
    """The target layers, in the order of the network: those of the paths, or the last one.

    Args:
        layers: in the order of the network.
        paths: whole, or the end of one after a slash; none for the last layer that makes its tensor itself.
        model_name: in messages.

    Raises:
        LayerError: there is no spatial tensor, or none goes by a path; the message lists the nearest.
    """
    if not layers:
        raise LayerError(
            f"{model_name}: no layer has a spatial map (height x width x channels), so there is no place to show; "
            "Grad-CAM needs a convolutional network, or a transformer over patches"
        )
    if not paths:
        shown = [layer for layer in layers if layer.shown]
        in_time = [layer for layer in shown if len(layer.grid) == 3 and layer.grid[0] > 1]
        return ((in_time or shown)[-1],)
    chosen = {_find(layers, path, model_name).path for path in paths}
    return tuple(layer for layer in layers if layer.path in chosen)


def _find(layers: Sequence[Layer], path: str, model_name: str) -> Layer:
    for layer in layers:
        if layer.path == path:
            return layer
    inner = [layer for layer in layers if layer.path.endswith(f"/{path}")]
    if len(inner) == 1:
        return inner[0]
    known = [layer.path for layer in layers]
    near = [layer.path for layer in inner] or difflib.get_close_matches(path, known, n=3, cutoff=0.3) or known[-3:]
    raise UnknownLayerError(
        f"layer {path}: {model_name} has no such layer with a spatial map; the nearest are {', '.join(near)} "
        f"('streamcam layers' lists all)"
    )
