"""Pictures made on the spot, in every format, with what they show known exactly."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

ORIENTATION = 0x0112

# How a picture that lies in a file so is turned upright: the EXIF standard's table, in NumPy's words.
UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: np.fliplr(np.rot90(a, -1)),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.fliplr(np.rot90(a, 1)),
    8: lambda a: np.rot90(a, 1),
}


def scene(width: int = 96, height: int = 64) -> np.ndarray:
    """``(H, W, 3)`` RGB, smooth, with another colour in each corner, so that no turn and no mirror leaves it as it is."""
    corners = np.array([[[230, 40, 40], [40, 220, 60]], [[40, 60, 230], [230, 220, 40]]], np.uint8)
    return np.ascontiguousarray(cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR))


def bgr(rgb: np.ndarray) -> np.ndarray:
    """The same with its channels as OpenCV has them."""
    return np.ascontiguousarray(rgb[..., ::-1])


def encoded(image: np.ndarray | Image.Image, kind: str, **options: Any) -> bytes:
    """A picture as Pillow writes it; HEIF needs pillow-heif."""
    if kind == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def lying(image: np.ndarray, kind: str, orientation: int, **options: Any) -> bytes:
    """A picture with an orientation: EXIF, or ``irot`` and ``imir`` in AVIF and HEIF, which Pillow makes of it."""
    if kind == "TIFF":
        return encoded(image, kind, tiffinfo={ORIENTATION: orientation}, **options)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return encoded(image, kind, exif=exif.tobytes(), **options)


def animated(frames: Sequence[np.ndarray], kind: str, milliseconds: int | Sequence[int], **options: Any) -> bytes:
    """An animation of ``(H, W, 3)`` RGB or ``(H, W, 4)`` RGBA frames."""
    first, *others = (Image.fromarray(frame) for frame in frames)
    return encoded(first, kind, save_all=True, append_images=others, duration=milliseconds, **options)


def moving(count: int = 5, *, alpha: bool = False, width: int = 64, height: int = 48) -> list[np.ndarray]:
    """RGBA frames with a disc that moves; the rest is blue, or transparent with an orange that must not be seen."""
    frames = []
    for index in range(count):
        frame = np.zeros((height, width, 4), np.uint8)
        frame[:] = (240, 130, 20, 0) if alpha else (30, 90, 160, 255)
        cv2.circle(frame, (10 + 9 * index, height // 2), 8, (250, 60, 20 + 30 * index, 255), -1)
        frames.append(frame)
    return frames


def over_white(rgba: np.ndarray) -> np.ndarray:
    """``(H, W, 3)`` of ``(H, W, 4)``, as seen on white paper."""
    alpha = rgba[..., 3:].astype(np.float64) / 255
    return np.rint(rgba[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)


def riff(chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A WebP file of these chunks."""
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def wrote(path: Path, data: bytes) -> Path:
    """The path, with the data in it."""
    path.write_bytes(data)
    return path
