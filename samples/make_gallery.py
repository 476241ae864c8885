"""Make ``gallery/``, pictures of what the options of streamcam look like, and ``README.md``, which shows them.

    pip install streamcam
    python samples/make_gallery.py

The pictures are the frames of ``cat_and_coffee.mp4``, and its two photographs side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np

from streamcam import GradCAM, Overlay, VideoSource, steadied, unsteadied
from streamcam.annotation.roi import Inspection, Masks, parse_roi
from streamcam.choices import BlendMode, Layout, Method, Scale
from streamcam.drawing.text import WHITE
from streamcam.drawing.tiles import draw_caption
from streamcam.photographs import NAMES, photographs
from streamcam.pipeline.explaining import explained
from streamcam.settings import HeatSettings
from streamcam.types import Frame, UInt8Array

HERE = Path(__file__).parent
CLIP = HERE / "cat_and_coffee.mp4"
TILE = 320, 180  # width and height
CUP = 150  # a frame of the second scene

METHODS = tuple(one for one in get_args(Method) if one != "attention")
COLOURS = ("jet", "turbo", "viridis", "inferno")
NAMED = {"method": METHODS, "colours": COLOURS}

TOPICS = (
    ("blend", "How heat and picture are blended", "`--blend uniform`, `heat`, `add`; `--alpha 0.7`", 3),
    ("colours", "Colours", "`--colormap jet`, `turbo`, `viridis`, `inferno`", 2),
    ("layout", "Layouts", '`--layout overlay`, `heatmap`, `"side by side"`, `panels`', 2),
    ("targets", "What is asked", '`--target espresso --target tabby`, `"espresso vs cup"`, `"not tabby"`', 3),
    ("method", "Methods", "`--method` gradcam, gradcam++, hirescam, xgradcam, layercam, eigencam, recipro-cam", 3),
    ("scale", "What full heat is, on a picture that the model does not know", "`--scale absolute`, `clip`, `frame`", 3),
    ("region", "Where the evidence ought to lie", "`--roi 390,30,230,210 --alert-below 0.5`: elsewhere, and inside", 2),
    ("steady", "Four frames in a row: each by itself, and steadied", "`--no-steady`, and without it", 4),
)


def sheet(pictures: Iterable[UInt8Array], columns: int, names: Sequence[str] = ()) -> UInt8Array:
    """Pictures in rows, each as large as a tile, with names where there are any."""
    tiles = [np.asarray(cv2.resize(picture, TILE, interpolation=cv2.INTER_AREA), np.uint8) for picture in pictures]
    for tile, name in zip(tiles, names, strict=False):
        draw_caption(tile, name, 0, WHITE)
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[at : at + columns]) for at in range(0, len(tiles), columns)]
    return np.asarray(np.vstack(rows), np.uint8)


def frame_of(index: int) -> UInt8Array:
    """A picture of the clip."""
    with VideoSource(CLIP) as source:
        return next(frame.image for frame in source if frame.index == index)


def both() -> UInt8Array:
    """The cat and the cup in one picture, 640x360."""
    shown = dict(zip(NAMES, photographs(), strict=True))
    return np.asarray(np.hstack([cv2.resize(shown[name], (320, 360)) for name in ("chelsea", "coffee")]), np.uint8)


def drawn(explain: GradCAM, image: UInt8Array, *targets: str, **options: Any) -> UInt8Array:
    """A picture with what speaks for the classes that are asked about."""
    return Overlay(explain.labels, **options).draw(image, explain(image, targets or None))


def scaled(explain: GradCAM, image: UInt8Array, scale: Scale) -> UInt8Array:
    """The same on another scale of heat."""
    [(frame, explanation)] = unsteadied([(Frame(image, 0, 0.0), explain(image))], settings=HeatSettings(scale=scale))
    assert explanation
    return Overlay(explain.labels).draw(frame.image, explanation)


def of_region(explain: GradCAM) -> list[UInt8Array]:
    """The evidence beside a region, and inside of one."""
    image, found = both(), []
    for target in ("tabby", "espresso"):
        inspection = Inspection(Masks([parse_roi("390,30,230,210")]), alert_below=0.5)
        [(frame, explanation)] = inspection.measured([(Frame(image, 0, 0.0), explain(image, target))])
        assert explanation
        found.append(Overlay(explain.labels, mode="heat", alpha=0.8).draw(frame.image, explanation))
    return found


def in_time(explain: GradCAM) -> list[UInt8Array]:
    """Frames in a row, raw above and steady below."""
    found = []
    for steady in (unsteadied, partial(steadied, ahead=8)):
        overlay = Overlay(explain.labels, mode="heat", alpha=0.9, hud=False)
        with VideoSource(CLIP, start=0.5, end=1.5) as source:
            for frame, explanation in steady(explained(source, explain)):
                if explanation and 6 <= frame.index < 18 and frame.index % 3 == 0:
                    found.append(overlay.draw(frame.image, replace(explanation)))
    return found


def pictures() -> dict[str, list[UInt8Array]]:
    """What each topic shows."""
    explain, cup, two = GradCAM("efficientnet-lite0", precision="f32"), frame_of(CUP), both()
    noise = np.random.default_rng(2).integers(0, 256, (30, 54, 3)).astype(np.uint8)
    nothing = np.asarray(cv2.resize(noise, (640, 360), interpolation=cv2.INTER_CUBIC), np.uint8)
    asked = [("espresso", "tabby"), ("espresso vs cup",), ("not tabby",)]
    return {
        "blend": [drawn(explain, cup, mode=mode, alpha=0.7) for mode in get_args(BlendMode)],
        "colours": [drawn(explain, cup, colormap=name, hud=False) for name in COLOURS],
        "layout": [drawn(explain, cup, layout=one) for one in get_args(Layout) if one != "original"],
        "targets": [drawn(explain, two, *targets, mode="heat", alpha=0.9) for targets in asked],
        "method": [
            Overlay(explain.labels, mode="heat", alpha=0.9, hud=False).draw(two, explain(two, "espresso", method))
            for method in METHODS
        ],
        "scale": [scaled(explain, nothing, scale) for scale in get_args(Scale)],
        "region": of_region(explain),
        "steady": in_time(explain),
    }


def main() -> None:
    """Write the pictures, and the page."""
    folder = HERE / "gallery"
    folder.mkdir(exist_ok=True)
    page = ["# What it looks like", "", "Made by `python samples/make_gallery.py`; [licences](LICENSES.md).", ""]
    made = pictures()
    for name, title, options, columns in TOPICS:
        cv2.imwrite(
            str(folder / f"{name}.jpg"), sheet(made[name], columns, NAMED.get(name, ())), [cv2.IMWRITE_JPEG_QUALITY, 85]
        )
        page += [f"## {title}", "", options, "", f"![{title}](gallery/{name}.jpg)", ""]
    page += ["The notebook: [notebook.ipynb](notebook.ipynb). A live page: [page.jpg](page.jpg).", ""]
    (HERE / "README.md").write_text("\n".join(page), encoding="utf-8")


if __name__ == "__main__":
    main()
