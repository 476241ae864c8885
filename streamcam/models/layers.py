"""Which tensors of a network lie over the image like a map, and which of them is meant."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streamcam.errors import LayerError

# Convolutions without padding change the ratio of a small map's sides, but not by this much.
_MOST_SKEW = 2.0
_CLASS_TOKENS = (0, 1, 2)  # before the patches: none, a class token, and one for distillation


@dataclass(frozen=True, slots=True)
class Layer:
    """A spatial tensor of a network.

    Attributes:
        path: what people call it: the path of a Keras layer (``outer/inner``), the name of a node or tensor elsewhere.
        kind: its class or operation type.
        shape: ``(h, w, c)`` at the input size that the model was built for, whatever the layout.
        layout: of the tensor in the graph: ``nchw``, ``nhwc``, or ``tokens`` for ``(1, n, c)``, in which the map's places
            come last, after any class tokens.
        shown: whether it makes its tensor by itself, rather than holding other layers or passing a tensor on.
    """

    path: str
    kind: str
    shape: tuple[int, ...]
    layout: str = "nchw"
    shown: bool = True


def places_of(layer: Layer, shape: Sequence[int]) -> tuple[int, int]:
    """``(h, w)`` of a layer's tensor, which has this shape."""
    if layer.layout == "tokens":
        return layer.shape[0], layer.shape[1]
    return (shape[2], shape[3]) if layer.layout == "nchw" else (shape[1], shape[2])


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tensor that may be a map.

    Attributes:
        path: what people call it.
        kind: its class or operation type.
        layout: ``nchw`` or ``nhwc``, where it has four dimensions.
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
) -> Iterator[Layer | None]:
    """Each candidate as a layer, None where it is no map.

    Args:
        candidates: in the order of the network.
        shapes: of their tensors for this image; None where it is not known.
        image: ``(height, width)`` in pixels.
        attention: whether the network has attention: then a row of as many tokens as there are patches is a map too.
    """
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
        return (next(layer for layer in reversed(layers) if layer.shown),)
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
    raise LayerError(
        f"{path}: {model_name} has no such layer with a spatial map; the nearest are {', '.join(near)} "
        f"('streamcam layers' lists all)"
    )
