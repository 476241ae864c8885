"""Which models run where, and how far their heatmaps are from an eager reference: the table of tests/benchmarks/README.md.

    python tests/benchmarks/models.py                       the names of streamcam models, with random weights
    python tests/benchmarks/models.py resnet50 vgg16        some of them
    python tests/benchmarks/models.py my.onnx export/       files and folders of one's own

Each is explained at its own size and on a frame of 16:9. The reference is TensorFlow, where it runs the model. A large
name needs several gigabytes of memory.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from streamcam import GradCAM, load_model
from streamcam.errors import StreamcamError
from streamcam.models.catalog import CATALOG
from streamcam.photographs import photographs

_WIDE = 16 / 9


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one model.

    Attributes:
        name: of the model.
        engine: what runs it.
        layer: its default target.
        wide: whether a frame of 16:9 is seen undistorted.
        difference: the largest difference from TensorFlow's map, as a share of its maximum; None where it cannot run it.
        said: what was warned of.
    """

    name: str
    engine: str
    layer: str
    wide: bool
    difference: float | None
    said: str


def measure(name: str) -> Row:
    """Load and explain one model."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        is_known = name in CATALOG
        weights = "none" if is_known and CATALOG[name].factory else "imagenet"
        classifier = load_model(name, weights=weights, cache=False)
        explain = GradCAM(classifier, precision="f32", cache=False)
        height, width = classifier.input_size
        # Little contrast, so that random weights give no probability of exactly 1.
        square = cv2.resize(photographs()[0], (width, height)) // 4 + 80
        ours = explain(square)
        frame = cv2.resize(photographs()[0], (round(height * _WIDE), height)) // 4 + 80
        explain(frame)
        wide = explain.fit == "native"
    difference = None
    if classifier.network.runs_on_tensorflow:
        layer = str(explain.layer).split("+")
        theirs = GradCAM(classifier, layer=layer, engine="tensorflow", fit="stretch", cache=False)
        expected = theirs(square, targets=[int(ours.classes[0])]).heatmaps
        difference = float(np.abs(ours.heatmaps - expected).max() / max(expected.max(), 1e-30))
    said = "; ".join(str(w.message).split(": ", 1)[-1] for w in caught if issubclass(w.category, UserWarning))
    return Row(name, str(explain.engine), str(explain.layer), wide, difference, said)


def rows(names: Sequence[str]) -> Iterator[str]:
    """Lines of a Markdown table."""
    yield "| model | engine | target | 16:9 undistorted | off TensorFlow | said |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name in names:
        try:
            row = measure(name)
        except StreamcamError as error:
            yield f"| {Path(name).name} | refused | | | | {error} |"
            continue
        off = "" if row.difference is None else f"{row.difference:.0e}"
        wide = "yes" if row.wide else "no"
        yield f"| {row.name} | {row.engine} | {row.layer} | {wide} | {off} | {row.said[:120]} |"


if __name__ == "__main__":
    for line in rows(sys.argv[1:] or list(CATALOG)):
        print(line, flush=True)
