"""What 8-bit integers cost and bring: speed against f32, and how far heatmaps move on pictures not calibrated on.

    python tests/benchmarks/int8.py                     ResNet50 (random weights) and the default model
    python tests/benchmarks/int8.py my.onnx …           models of one's own

Needs NNCF: pip install -e ".[int8]". The hundred pictures are parts of the bundled photographs in other light, none of
them one of those that the model was calibrated on.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator

import cv2
import numpy as np

from streamcam import GradCAM, load_model
from streamcam.explainers.precision import correlation
from streamcam.photographs import photographs
from streamcam.types import UInt8Array


def pictures(count: int, size: tuple[int, int]) -> Iterator[UInt8Array]:
    """``(H, W, 3)`` uint8 BGR: random parts of the photographs, some mirrored, brighter or darker."""
    random = np.random.default_rng(11)
    for number in range(count):
        whole = photographs()[number % len(photographs())]
        share = random.uniform(0.4, 0.8)
        h, w = int(whole.shape[0] * share), int(whole.shape[1] * share)
        y, x = (int(random.integers(0, most)) for most in (whole.shape[0] - h + 1, whole.shape[1] - w + 1))
        part = cv2.resize(whole[y : y + h, x : x + w], size[::-1], interpolation=cv2.INTER_AREA)
        part = part[:, ::-1] if random.random() < 0.5 else part
        yield np.clip(part * random.uniform(0.7, 1.3), 0, 255).astype(np.uint8)


def row(name: str, count: int, size: int | None) -> str:
    """A line of a Markdown table."""
    weights = "none" if name == "resnet50" else "imagenet"
    classifier = load_model(name, weights=weights)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        full, small = (GradCAM(classifier, size=size, precision=p, cache=False) for p in ("f32", "int8"))  # type: ignore[arg-type]
        for explain in (full, small):
            explain(photographs()[0])
    others = list(pictures(count, full.size))
    times: tuple[list[float], list[float]] = ([], [])
    correlations, same = [], 0
    for picture in others:
        began = time.perf_counter()
        expected = full(picture)
        between = time.perf_counter()
        found = small(picture, targets=[int(expected.classes[0])])
        times[0].append(between - began)
        times[1].append(time.perf_counter() - between)
        correlations.append(correlation(expected.heatmaps[0], found.heatmaps[0]))
        same += int(found.probabilities.argmax()) == int(expected.classes[0])
    speedup = float(np.median(times[0]) / np.median(times[1]))
    auto = GradCAM(classifier, size=size, cache=False)
    auto(photographs()[0])
    return (
        f"| {name} | {speedup:.2f}× | {float(np.median(correlations)):.4f} | {min(correlations):.4f} | {same / count:.0%} | "
        f"{auto.precision} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=["resnet50", "efficientnet-lite0"])
    parser.add_argument("--small", action="store_true", help="few pictures, a small input")
    given = parser.parse_args()
    print("| model | int8 against f32 | correlation, median | worst | same top class | auto takes |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in given.models:
        print(row(name, 4 if given.small else 100, 64 if given.small else None), flush=True)


if __name__ == "__main__":
    main()
