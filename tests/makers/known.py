"""Pictures of things that the bundled model knows, and pictures of nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from skimage import data

from streamcam.types import UInt8Array

KNOWN: dict[str, tuple[str, ...]] = {
    "chelsea": ("tabby", "tiger cat", "Egyptian cat"),
    "coffee": ("espresso", "cup", "coffee mug"),
    "stereo_motorcycle": ("moped", "motor scooter"),
    "camera": ("tripod",),
    "rocket": ("missile", "projectile"),
}
VIEWS = 16  # of each


def views_of_known() -> Iterator[tuple[UInt8Array, frozenset[str]]]:
    """Eighty crops of five photographs, mirrored, darker and brighter, with the names that are right for them."""
    random = np.random.default_rng(0)
    for name, names in KNOWN.items():
        found = getattr(data, name)()
        image = found[0] if isinstance(found, tuple) else found
        image = np.repeat(image[..., None], 3, 2) if image.ndim == 2 else image[..., ::-1]
        height, width = image.shape[:2]
        for number in range(VIEWS):
            share = random.uniform(0.7, 1)
            h, w = round(height * share), round(width * share)
            y, x = random.integers(0, height - h + 1), random.integers(0, width - w + 1)
            view = image[y : y + h, x : x + w][:, :: 1 - 2 * (number % 2)]
            view = cv2.convertScaleAbs(np.ascontiguousarray(view), alpha=random.uniform(0.7, 1.2))
            yield np.asarray(view, np.uint8), frozenset(names)


def nothings(count: int, pictures: list[UInt8Array]) -> Iterator[UInt8Array]:
    """Noise, flat colour, photographs out of focus, tiny parts of them, gradients: one after the other."""
    random = np.random.default_rng(7)
    for number in range(count):
        h, w = [(240, 320), (360, 640), (300, 300), (480, 270)][random.integers(4)]
        some = pictures[random.integers(len(pictures))]
        match number % 5:
            case 0:
                noise = random.normal(128, random.integers(5, 80), (h, w, 3))
                yield np.clip(noise, 0, 255).astype(np.uint8)
            case 1:
                yield np.full((h, w, 3), random.integers(0, 256, 3), np.uint8)
            case 2:
                yield np.asarray(cv2.GaussianBlur(some, (0, 0), max(some.shape) / random.integers(8, 16)), np.uint8)
            case 3:
                side = int(random.integers(8, 20))
                y, x = (int(random.integers(0, most - side)) for most in some.shape[:2])
                part = some[y : y + side, x : x + side]
                yield np.asarray(cv2.resize(part, (w, h), interpolation=cv2.INTER_CUBIC), np.uint8)
            case _:
                one, other = random.integers(0, 256, 3), random.integers(0, 256, 3)
                ramp = np.linspace(0, 1, w)[None, :, None] * random.random() + np.linspace(0, 1, h)[:, None, None]
                yield (one * (1 - ramp / ramp.max()) + other * ramp / ramp.max()).astype(np.uint8)


def area_under_curve(is_right: Sequence[bool], values: Sequence[float]) -> float:
    """How often a right one has the larger value than one that is not; ties count half."""
    right, values_ = np.array(is_right, bool), np.array(values, np.float64)
    ours, others = values_[right][:, None], values_[~right][None]
    return float((ours > others).mean() + (ours == others).mean() / 2)
