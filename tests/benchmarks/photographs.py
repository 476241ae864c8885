"""What a person waits for: a folder of photographs of many shapes, and the first picture, with an empty cache and a warm one.

    python tests/benchmarks/photographs.py [--count 60] [--model NAME]

Sixty photographs of thirteen shapes, in a process of its own each time. ``first picture`` is from the start of the process
to its end, for one photograph. Medians of five and three rounds. The cache is measured at the end, beside the model's weights in f32.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from streamcam import GradCAM, load_model
from streamcam.photographs import photographs

SHAPES = tuple((round(900 * ratio**0.5), round(900 / ratio**0.5)) for ratio in np.linspace(0.5, 2.1, 13))  # (w, h)


def write_photographs(folder: Path, count: int) -> list[Path]:
    """JPEG files, each shape as often as the others."""
    folder.mkdir()
    paths = []
    for number in range(count):
        picture = cv2.resize(photographs()[number % len(photographs())], SHAPES[number % len(SHAPES)])
        paths.append(folder / f"{number:03}.jpg")
        cv2.imwrite(str(paths[-1]), picture)
    return paths


def seconds(inputs: Path, output: Path, cache: Path, model: str) -> float:
    """Of ``streamcam annotate``, the whole process."""
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "streamcam", "annotate", inputs, "-o", output, "-m", model, "--overwrite", "--quiet"],
        check=True,
        env=os.environ | {"STREAMCAM_CACHE": str(cache)},
    )
    return time.monotonic() - began


def new_size(model: str) -> float:
    """Seconds for the first picture of a size, in a process that has explained others: the median of five."""
    explain = GradCAM(load_model(model), cache=False)
    image = photographs()[0]
    explain(image)
    taken = []
    for width in range(300, 700, 80):
        other = cv2.resize(image, (width, 240))
        began = time.perf_counter()
        explain(other)
        taken.append(time.perf_counter() - began)
    return float(np.median(taken))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--model", default="efficientnet-lite0")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = write_photographs(folder / "in", options.count)
        for title, inputs in (("first picture", paths[0]), (f"{options.count} photographs", folder / "in")):
            taken = []
            for number in range(1 if options.count < 60 else 5 if inputs.is_file() else 3):
                cache = folder / f"cache {number} of {title}"
                outputs = [folder / f"{title} {number} {state}{inputs.suffix}" for state in ("fresh", "warm")]
                taken.append([seconds(inputs, output, cache, options.model) for output in outputs])
            fresh, warm = np.median(taken, axis=0)
            print(f"{title}: empty cache {fresh:.2f} s, warm {warm:.2f} s: {fresh / warm:.2f} times", flush=True)
        kept = sum(path.stat().st_size for path in cache.rglob("*") if path.is_file())
        print(f"the cache holds {kept / 1e6:.1f} MB")
    print(f"a new size in a running process: {new_size(options.model):.2f} s")


if __name__ == "__main__":
    main()
