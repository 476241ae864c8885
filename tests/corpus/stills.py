"""What Pillow finds in an image file, and what holds for images only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from kind import Kind
from pictures import hidden_part
from PIL import Image, ImageOps, ImageSequence
from reference import Decoded


def decode(path: Path) -> Decoded:
    """Decode an image, upright, or an animated one whole."""
    if path.suffix in (".heic", ".heif"):
        import pillow_heif

        pillow_heif.register_heif_opener()
    times, pictures, now = [], [], 0.0
    with Image.open(path) as image:
        moving = getattr(image, "is_animated", False) and image.format != "TIFF"
        for frame in ImageSequence.Iterator(image) if moving else [image]:
            upright = ImageOps.exif_transpose(frame) or frame
            pictures.append(np.array(upright.convert("RGB")))
            times.append(now)
            now += frame.info.get("duration", 0) / 1000
    height, width = pictures[0].shape[:2]
    return Decoded(tuple(times), tuple(pictures), width / height, (), image.format or "")


def differences(kind: Kind, output: Decoded, notes: Sequence[str], written: Path) -> list[str]:
    """What is wrong with an output, in plain words, none where it is right."""
    wrong = []
    if kind.hidden:
        part = hidden_part(output.pictures[0]).astype(float)
        part = part[3:-1, 3:-3]
        if part.std(axis=(0, 1)).max() > 12:
            wrong.append("the hidden colours of transparent parts are shown")
    if kind.pages and not any("page" in note for note in notes):
        others = list(written.parent.glob(f"{kind.name.split('.')[0]}*"))
        if len(others) < kind.pages and len(output.pictures) < kind.pages:
            wrong.append(f"{len(others)} of {kind.pages} pages, and no word of the others")
    return wrong
