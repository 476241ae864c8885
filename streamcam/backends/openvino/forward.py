"""A classifier's graph from prepared pixels to scores, in which every spatial tensor can be found by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamcam.backends.openvino.engine import core
from streamcam.choices import InputLayout
from streamcam.models.layers import Layer
from streamcam.system.libraries import load_openvino


@dataclass(frozen=True, slots=True)
class Forward:
    """A forward graph.

    Attributes:
        model: an ``openvino.Model``. Its one input is the prepared pixels, a batch of one, with height and width free
            where the network allows it. Its first output is the scores; one more for each of ``layers``, in their order.
        layers: the spatial tensors.
        layout: of the input.
    """

    model: Any
    layers: tuple[Layer, ...]
    layout: InputLayout = "nhwc"

    @property
    def is_free(self) -> bool:
        """Whether height and width of the input are free."""
        return bool(self.model.inputs[0].get_partial_shape().is_dynamic)

    def save(self, folder: Path) -> dict[str, Any]:
        """Write ``graph.xml`` and ``graph.bin``; gives the rest of it as plain data."""
        load_openvino().save_model(self.model, folder / "graph.xml", compress_to_fp16=False)
        layers = [[layer.path, layer.kind, list(layer.shape), layer.layout, layer.shown] for layer in self.layers]
        return {"layers": layers, "layout": self.layout}


def read_forward(folder: Path, facts: dict[str, Any]) -> Forward:
    """What ``save`` has written.

    Raises:
        RuntimeError, KeyError, ValueError: it is damaged.
    """
    layers = tuple(Layer(path, kind, tuple(shape), *more) for path, kind, shape, *more in facts["layers"])
    return Forward(core().read_model(folder / "graph.xml"), layers, facts["layout"])


def of_size(model: Any, shape: Sequence[int]) -> Any:
    """A copy of an ``openvino.Model`` for an input of one shape, in which what depends on nothing but shapes is constant.

    Raises:
        RuntimeError: it takes no input of this shape.
    """
    load_openvino()
    from openvino.passes import ConstantFolding, Manager

    copy = model.clone()
    copy.reshape(list(shape))
    folding = Manager()
    folding.register_pass(ConstantFolding())
    folding.run_passes(copy)
    return copy


# Of the axes of a picture ``(h, w, c)``, or of a clip ``(t, h, w, c)``, for inputs that do not have the channels last.
ORDERS: dict[InputLayout, tuple[int, ...]] = {"nchw": (2, 0, 1), "ntchw": (0, 3, 1, 2), "ncthw": (3, 0, 1, 2)}


def shape_for(layout: InputLayout, size: tuple[int, int], channels: int, frames: int = 0) -> list[int]:
    """Of an input of ``(height, width)``, or a clip of so many frames, a batch of one."""
    sides = {"n": 1, "c": channels, "t": frames, "h": size[0], "w": size[1]}
    return [sides[axis] for axis in layout]
