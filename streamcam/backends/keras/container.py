"""What a Keras model file holds, read without Keras: its description, and whether it reaches outside of itself."""

from __future__ import annotations

import json
import math
import mmap
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from streamcam.backends.format import Format, format_of
from streamcam.errors import ModelError, UnsafeModelError

Container = Literal["keras-zip", "hdf5"]

_EXPORT = "export it to ONNX (torch.onnx.export) and give that file"
_OTHERS: dict[Format, str] = {
    "lfs": "a Git LFS pointer, not the model itself; fetch it with: git lfs pull",
    "torch": f"a pickle of Python objects (PyTorch), which is not loaded; {_EXPORT}",
    "safetensors": f"weights of PyTorch (safetensors) without a model; {_EXPORT}",
    "onnx": "an ONNX model and not a Keras one",
    "tflite": "a TensorFlow Lite model and not a Keras one",
    "openvino": "an OpenVINO model and not a Keras one",
    "savedmodel": "a SavedModel and not a Keras file",
    "frozen-graph": "a frozen TensorFlow graph and not a Keras model",
}
_HEAP = b"GCOL\x01\0\0\0"  # how a global heap begins
_MOST_CONFIG = 16 * 1024**2  # bytes of text; the largest network of keras.applications has 1 MB
_MOST_PACKED = 200  # times that members may be larger than the file; Keras itself does not pack at all
_SMALL = 64 * 1024**2  # bytes that may always be unpacked
_MOST_DEPTH = 200  # of objects in objects; a model five deep has less than 60
# What says how many weights a layer has at least: their product, whatever its input.
_SIZES = frozenset(
    {"units", "filters", "kernel_size", "depth_multiplier", "input_dim", "output_dim", "num_heads", "key_dim"}
)


def container_of(path: Path) -> Container:
    """How the parts of a Keras model are held together.

    Raises:
        ModelError: it is missing, empty, or something else; the message names what, and how to get it in.
    """
    try:
        form = format_of(path)
        if form in ("keras-zip", "hdf5"):
            return form
        if form == "unknown" and path.is_dir():
            what = "is a folder; give a model file"
        elif form == "unknown" and not path.stat().st_size:
            what = "empty; give a model file"
        else:
            what = _OTHERS.get(form, "not a Keras model; give a .keras or .h5 file")
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror or error})") from error
    raise ModelError(f"{path}: {what}")


def read_config(path: Path, container: Container) -> dict[str, Any]:
    """The model's architecture as plain data, read without Keras.

    Raises:
        UnsafeModelError: it reaches for other files, or is much larger than it looks.
        ModelError: it has none; the message says what it is instead.
    """
    try:
        _refuse_endless(path)
        text, stored = _of_zip(path) if container == "keras-zip" else _of_hdf5(path)
        config = json.loads(text)
        if not isinstance(config, dict):
            raise ModelError(f"{path}: its description is no model's; save the model again")
        _refuse_sizes(config, stored, path)
    except ModelError:
        raise
    except RecursionError as error:
        raise ModelError(_too_deep(path)) from error
    except OSError as error:
        raise ModelError(f"{path}: damaged ({error}); copy or download it again") from error
    except Exception as error:  # zipfile, zlib and h5py raise BadZipFile, error, RuntimeError, KeyError, …
        raise ModelError(f"{path}: not a readable Keras model ({error}); save the model again") from error
    return config


def objects_in(config: Any) -> Iterator[dict[str, Any]]:
    """Every object in a description, however deep."""
    left = [config]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            yield value
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)


def _refuse_endless(path: Path) -> None:
    """Refuse HDF5 whose global heap has free space of no size: the HDF5 library walks that forever.

    Source: HDF5 File Format Specification, III.E.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = -1
        while (at := data.find(_HEAP, at + 1)) >= 0:
            end = min(len(data), at + int.from_bytes(data[at + 8 : at + 16], "little"))
            entry = at + 16
            while entry + 16 <= end:
                index = int.from_bytes(data[entry : entry + 2], "little")
                size = int.from_bytes(data[entry + 8 : entry + 16], "little")
                if index == 0 and size == 0:
                    raise ModelError(f"{path}: damaged (free space of no size); copy or download it again")
                entry += size if index == 0 else 16 + (size + 7) // 8 * 8


def _of_zip(path: Path) -> tuple[str | bytes, int]:
    """The description, and how many bytes the weights have."""
    with zipfile.ZipFile(path) as archive:
        members = {member.filename: member for member in archive.infolist()}
        for name in members:
            if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name:
                raise UnsafeModelError(f"{path}: holds {name!r}, a path outside of the archive")
        size = sum(member.file_size for member in archive.infolist())
        if size > max(_SMALL, _MOST_PACKED * path.stat().st_size):
            raise UnsafeModelError(f"{path}: would unpack to {size / 1e9:.1f} GB, far more than a model of its size")
        weights = [name for name in members if name.endswith((".weights.h5", ".weights.npz"))]
        if "config.json" not in members:
            raise ModelError(_weights_only(path))
        _refuse_long(members["config.json"].file_size, path)
        stored = sum(members[name].file_size for name in weights)
        for name in weights:
            if name.endswith(".h5"):
                with _opened(archive, name) as file:
                    stored = max(stored, _look_through(file, path))
        return archive.read("config.json"), stored


@contextmanager
def _opened(archive: zipfile.ZipFile, name: str) -> Iterator[Any]:
    import h5py

    with archive.open(name) as member:
        if archive.getinfo(name).compress_type == zipfile.ZIP_STORED:
            with h5py.File(member, "r") as file:
                yield file
            return
        # Unpacked first: jumping about in a packed member takes forever.
        with tempfile.TemporaryDirectory() as folder:
            unpacked = Path(archive.extract(name, folder))
            _refuse_endless(unpacked)
            with h5py.File(unpacked, "r") as file:
                yield file


def _of_hdf5(path: Path) -> tuple[str | bytes, int]:
    import h5py

    with h5py.File(path, "r") as file:
        stored = max(_look_through(file, path), path.stat().st_size)
        config = file.attrs.get("model_config")
        if config is None:
            raise ModelError(_weights_only(path))
        text = config if isinstance(config, (str, bytes)) else str(config)
        _refuse_long(len(text), path)
        return text, stored


def _look_through(file: Any, path: Path) -> int:
    """How many bytes the arrays of an HDF5 file have, none of which may lie in another file."""
    import h5py

    total = 0
    linked: list[tuple[str, str]] = []

    def look(name: str, link: Any) -> None:
        if isinstance(link, h5py.ExternalLink):
            linked.append((name, link.filename))

    def add(name: str, item: Any) -> None:
        nonlocal total
        if not isinstance(item, h5py.Dataset):
            return
        if item.external or item.is_virtual:
            linked.append((name, "its numbers"))
            return
        size = item.size * item.dtype.itemsize if item.size else 0
        if size > max(_SMALL, _MOST_PACKED * item.id.get_storage_size()):
            raise UnsafeModelError(f"{path}: {name} would unpack to {size / 1e9:.1f} GB, far more than it holds")
        total += size

    file.visititems_links(look)
    if not linked:
        file.visititems(add)
    if linked:
        name, where = linked[0]
        raise UnsafeModelError(f"{path}: {name} in it lies in another file ({where}), which is not read")
    return total


def _refuse_sizes(config: dict[str, Any], stored: int, path: Path) -> None:
    """Refuse a description that asks for weights which the file cannot hold, before memory is asked for them."""
    for item in objects_in(config):
        inner = item.get("config")
        if not isinstance(inner, dict) or "class_name" not in item:
            continue
        least = math.prod(max(1, size) for key in _SIZES & inner.keys() for size in _numbers(inner[key]))
        if least > max(2 * stored, 1_000_000):
            raise UnsafeModelError(
                f"{path}: asks for a {item['class_name']} of at least {least:.3g} weights, far more than it holds"
            )
    depth = 0
    level: list[Any] = [config]
    while level:
        depth += 1
        if depth > _MOST_DEPTH:
            raise ModelError(_too_deep(path))
        level = [
            child
            for value in level
            for child in (value.values() if isinstance(value, dict) else value)
            if isinstance(child, (dict, list))
        ]


def _numbers(value: Any) -> list[float]:
    return [number for number in (value if isinstance(value, list) else [value]) if isinstance(number, (int, float))]


def _refuse_long(size: int, path: Path) -> None:
    if size > _MOST_CONFIG:
        raise UnsafeModelError(f"{path}: its description would unpack to {size / 1e6:.0f} MB, far more than a model's")


def _too_deep(path: Path) -> str:
    return f"{path}: its description is nested too deeply to be a model's"


def _weights_only(path: Path) -> str:
    return f"{path}: holds weights without a model; name the model as well: --model NAME --weights {path}"
