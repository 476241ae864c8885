"""Which method and target layer put their evidence on the thing: the sample's 180 frames, whose boxes are known.

    python tests/benchmarks/pointing.py [--frames 180]

``pointing``: on how many frames the hottest place lies inside the box (Zhang et al. 2016, arXiv:1608.00507). ``inside``: the
mean share of the evidence in the box, ``box`` that of the picture's area. ``cost``: the milliseconds of an explained frame
beside those of the first row, from rounds that take turns. The bundled model in f32.
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import product
from pathlib import Path

import cv2
import numpy as np

from streamcam import ExplainSettings, VideoSource, load_model
from streamcam.annotation.roi import share_inside
from streamcam.explainers.gradcam import GradCAM
from streamcam.explainers.make import make_explainer

SAMPLES = Path(__file__).parents[2] / "samples"
sys.path.insert(0, str(SAMPLES))
from make_sample import SCENE, box_at  # noqa: E402

CLASSES = ("Egyptian cat", "espresso")  # of the two scenes
METHODS = ("gradcam", "hirescam", "layercam")
LAYERS = (("top_activation",), ("block5c_add",), ("block5c_add", "top_activation"))
ROUNDS = 5


def mask_of(index: int, shape: tuple[int, int]) -> np.ndarray:
    """``(H, W)`` bool: what lies in the frame's box."""
    x0, y0, x1, y1 = (round(value) for value in box_at(index))
    mask = np.zeros(shape, bool)
    mask[y0:y1, x0:x1] = True
    return mask


def pointed(explain: GradCAM, images: dict[int, np.ndarray]) -> tuple[float, float]:
    """Pointing and the share of the evidence inside, means over the frames."""
    hits, shares = [], []
    for index, image in images.items():
        explanation = explain(image, [CLASSES[index // SCENE]])
        heat = explanation.heatmaps[0]
        mask = mask_of(index, image.shape[:2])
        full = cv2.resize(heat, (mask.shape[1], mask.shape[0]), interpolation=cv2.INTER_CUBIC)
        hits.append(mask.flat[full.argmax()])
        shares.append(share_inside(heat, explanation.region, mask.astype(np.uint8) * 255) or 0)
    return float(np.mean(hits)), float(np.mean(shares))


def milliseconds(explain: GradCAM, images: list[np.ndarray]) -> float:
    """Of one frame, the median."""
    taken = []
    for image in images:
        began = time.perf_counter()
        explain(image)
        taken.append(time.perf_counter() - began)
    return 1000 * float(np.median(taken))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=2 * SCENE)
    count = parser.parse_args().frames
    with VideoSource(SAMPLES / "cat_and_coffee.mp4") as source:
        images = {frame.index: frame.image for frame in source}
    wanted = np.linspace(0, len(images) - 1, count).round().astype(int).tolist()
    images = {index: images[index] for index in wanted}
    model = load_model("efficientnet-lite0")
    rows = [
        (method, layer, make_explainer(ExplainSettings(method=method, layer=layer, precision="f32"), model))
        for method, layer in product(METHODS, LAYERS)
    ]
    some = list(images.values())[:: max(1, len(images) // 20)]
    taken = np.array([[milliseconds(explain, some) for _, _, explain in rows] for _ in range(ROUNDS)])
    cost = np.median(taken / taken[:, :1], axis=0)
    area = np.mean([mask_of(index, image.shape[:2]).mean() for index, image in images.items()])
    print(
        f"{len(images)} frames; box {area:.3f}\n\n| method | layer | pointing | inside | cost |\n| --- | --- | --- | --- | --- |"
    )
    for (method, layer, explain), price in zip(rows, cost, strict=True):
        pointing, inside = pointed(explain, images)
        print(f"| {method} | {'+'.join(layer)} | {pointing:.3f} | {inside:.3f} | {price:.2f} |", flush=True)


if __name__ == "__main__":
    main()
