"""Whatever people have of a picture becomes ``(H, W, 3)`` uint8 BGR: a path, a URL, a PIL image, an array, a tensor."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import cv2
import numpy as np

from streamcam.errors import OptionError, SourceError
from streamcam.images import NO_IMAGE
from streamcam.sources.content import kind_of
from streamcam.sources.fetched import fetched
from streamcam.sources.images import read_image
from streamcam.system.addresses import redacted
from streamcam.types import UInt8Array

# How the last axis of an array is meant: as Keras, PIL and matplotlib have it, or as OpenCV has it.
Order: TypeAlias = Literal["rgb", "bgr"]

_ORDER_REMEDY = (
    "an array does not say the order of its channels; say order='rgb' (of Keras, PIL, imageio, matplotlib) or "
    "order='bgr' (of OpenCV)"
)


def picture_of(given: Any, order: Order | None = None) -> UInt8Array:
    """A picture, upright, ``(H, W, 3)`` uint8 BGR.

    Args:
        given: a path; the URL of a file; what a file holds, or a file that is open; a PIL image; a Keras, TensorFlow or PyTorch
            tensor, which are RGB; or a NumPy array ``(H, W)``, ``(H, W, 3)``, ``(H, W, 4)`` or one of these behind an axis of 1.
            Floats are 0…255, or 0…1 where none is larger than 1; unsigned integers of 16 bits are 0…65535.
        order: of the channels of a NumPy array that has several.

    Raises:
        SourceError: there is no such file, or it is no picture.
        OptionError: it is no picture, or does not say the order of its channels.
    """
    if order not in (None, *get_args(Order)):
        raise OptionError(f"order {order}: choose one of {', '.join(get_args(Order))}")
    if given is None:
        raise OptionError(NO_IMAGE)
    if isinstance(given, str | os.PathLike):
        return _read(os.fspath(given))
    if isinstance(given, bytes | bytearray | memoryview) or hasattr(given, "read"):
        return _of_bytes(given.read() if hasattr(given, "read") else given)
    if _is_pil(given):
        return _of_pil(given)
    if isinstance(given, np.ndarray):
        return _of_array(given, order)
    return _of_tensor(given)


def name_of_picture(given: Any) -> str:
    """What a picture is called in a result: its file's name, without what is secret; empty for what is no file."""
    if isinstance(given, str | os.PathLike):
        text = str(os.fspath(given))
        return (redacted(text) if "://" in text else text).replace("\\", "/").rpartition("/")[2]
    return str(getattr(given, "filename", "") or "").replace("\\", "/").rpartition("/")[2]


def _read(path: str) -> UInt8Array:
    if "://" not in path:
        if Path(path).is_file() and kind_of(Path(path)) == "video":
            raise SourceError(f"{path}: is a video and no picture; streamcam.annotate takes it")
        return read_image(Path(path))
    with fetched(path) as copy:
        return read_image(copy)


def _of_bytes(data: Any) -> UInt8Array:
    """A picture of what its file holds."""
    if not isinstance(data, bytes | bytearray | memoryview):
        raise OptionError("the file is open as text; open it with 'rb'")
    with tempfile.TemporaryDirectory(prefix="streamcam-") as folder:
        copy = Path(folder) / "picture"
        copy.write_bytes(data)
        try:
            return read_image(copy)
        except SourceError as error:
            raise SourceError(str(error).replace(str(copy), f"{len(data)} bytes")) from error


def _is_pil(given: Any) -> bool:
    return type(given).__module__.partition(".")[0] == "PIL"


def _of_pil(image: Any) -> UInt8Array:
    """A PIL image, upright by its EXIF orientation, over white where it is transparent."""
    from PIL import ImageOps

    from streamcam.sources.decoding import to_bgr

    name = Path(getattr(image, "filename", "") or "picture")
    try:
        return to_bgr(ImageOps.exif_transpose(image), name)
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises of a file that it reads only now
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{name}: the picture cannot be read ({' '.join(str(error).split())})") from error


def _of_tensor(given: Any) -> UInt8Array:
    """A tensor of Keras, TensorFlow, JAX or PyTorch: RGB, of which PyTorch's has its channels first."""
    if not hasattr(given, "shape") or not hasattr(given, "dtype"):
        raise OptionError(
            f"{type(given).__name__}: is no picture; give a path, a URL, a PIL image, a NumPy array or a tensor"
        )
    if hasattr(given, "detach"):
        array = np.asarray(given.detach().cpu())
        array = array[0] if array.ndim == 4 and len(array) == 1 else array
        if array.ndim == 3 and array.shape[0] in (1, 3, 4) and array.shape[2] not in (1, 3, 4):
            array = array.transpose(1, 2, 0)
        return _of_array(array, "rgb")
    return _of_array(np.asarray(given), "rgb")


def _of_array(array: np.ndarray[Any, Any], order: Order | None) -> UInt8Array:
    if array.ndim == 4:
        if len(array) != 1:
            raise OptionError(f"{array.shape}: is a batch of {len(array)} pictures; explain_all takes it")
        array = array[0]
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4) or not array.size:
        first = array.ndim == 3 and array.shape[0] in (1, 3, 4)
        remedy = "channels come last: transpose(1, 2, 0)" if first else "a picture is (H, W), (H, W, 3) or (H, W, 4)"
        raise OptionError(f"{array.shape}: {remedy}")
    levels = _levels(array)
    if channels == 1:
        return np.asarray(cv2.cvtColor(levels.reshape(levels.shape[:2]), cv2.COLOR_GRAY2BGR), np.uint8)
    if order is None:
        raise OptionError(_ORDER_REMEDY)
    if channels == 4:
        solid = levels[..., 3:].astype(np.float32) / 255
        levels = np.rint(levels[..., :3] * solid + 255 * (1 - solid)).astype(np.uint8)
    return np.ascontiguousarray(levels[..., ::-1] if order == "rgb" else levels)


def _levels(array: np.ndarray[Any, Any]) -> UInt8Array:
    """0…255, as uint8."""
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind not in "fiu" and array.dtype.name != "bfloat16":
        raise OptionError(f"{array.dtype}: pixels are numbers, 0 to 255")
    values = array.astype(np.float32)
    if array.dtype == np.uint16:
        values *= 255 / 65_535
    least, most = float(values.min()), float(values.max())
    if not (least >= 0 and most <= 255):  # NaN, too
        raise OptionError(
            f"values from {least:g} to {most:g}: pixels are 0 to 255; give the picture as it was before preprocess_input, "
            "which streamcam does itself"
        )
    if array.dtype.kind != "i" and array.dtype.kind != "u" and most <= 1:
        values = values * 255
    return np.asarray(np.rint(values), np.uint8)
