"""Reads the weights of a file that PyTorch saved before version 1.6, without PyTorch. Nothing in the file is run.

The format is a pickle of names and views, then the numbers (``torch.serialization._legacy_load``). Only what such files hold is
let through: tensors of floats and integers, and ordered dictionaries.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

_MAGIC = 0x1950A86A20F9469CFC6C
_TYPES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class _Lazy:
    """A part of a storage whose numbers come later in the file."""

    def __init__(self, storage: tuple[str, str], offset: int, shape: tuple[int, ...], stride: tuple[int, ...]) -> None:
        self.storage, self.offset, self.shape, self.stride = storage, offset, shape, stride

    def of(self, numbers: np.ndarray) -> np.ndarray:
        """Its numbers."""
        reach = self.offset + sum((size - 1) * step for size, step in zip(self.shape, self.stride, strict=True))
        if min((self.offset, *self.shape, *self.stride)) < 0 or reach >= numbers.size:
            raise pickle.UnpicklingError("a tensor reaches beyond its storage")
        steps = [step * numbers.itemsize for step in self.stride]
        return np.lib.stride_tricks.as_strided(numbers[self.offset :], self.shape, steps).copy()


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        known: dict[tuple[str, str], Callable[..., Any] | str] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("torch", "FloatStorage"): "FloatStorage",
            ("torch", "LongStorage"): "LongStorage",
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name} is not let through")
        return known[module, name]

    def persistent_load(self, saved: Any) -> tuple[str, str]:
        _, kind, key, *_ = saved
        return str(key), str(kind)


def _tensor(
    storage: tuple[str, str], offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: object
) -> _Lazy:
    return _Lazy(storage, offset, tuple(shape), tuple(stride))


def read_torch_file(path: Path) -> dict[str, np.ndarray]:
    """The state dict, name by name.

    Raises:
        ValueError: it is no such file, or holds something else.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        try:
            if _Reader(file).load() != _MAGIC:
                raise ValueError("no weights of PyTorch")
            _Reader(file).load()  # the version of the format
            _Reader(file).load()  # sizes of C's types
            views: dict[str, _Lazy] = _Reader(file).load()
            keys: list[str] = _Reader(file).load()
            kinds = {view.storage[0]: _TYPES[view.storage[1]] for view in views.values()}
            numbers = {}
            for key in keys:
                count = int(np.frombuffer(file.read(8), "<i8")[0])
                data = file.read(count * kinds[key].itemsize)
                numbers[key] = np.frombuffer(data, kinds[key], count)
            return {name: view.of(numbers[view.storage[0]]) for name, view in views.items()}
        except (pickle.UnpicklingError, EOFError, KeyError, IndexError, AttributeError, TypeError) as error:
            raise ValueError(str(error) or type(error).__name__) from error
