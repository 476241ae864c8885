"""What ``streamcam.explain`` of one photograph costs: the first in a process, and warm, beside the engine's own time.

    python tests/benchmarks/one_line.py [--rounds 50] [--starts 5]

Prints the median time of a whole process that explains one photograph, of its first explanation alone, and of Python with NumPy and
OpenCV, which it needs anyway; then, in one process and in turns, ``explain`` of a photograph's path, of an array, and the
compiled function alone on what the model sees of it.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

import cv2

import streamcam
from streamcam.explainers.targets import single_target

PHOTOGRAPH = Path(__file__).parents[2] / "samples" / "cat.jpg"
FIRST = f"""
import time
began = time.perf_counter()
import streamcam
streamcam.explain({str(PHOTOGRAPH)!r})
print(time.perf_counter() - began)
"""


def timed(code: str, times: int) -> tuple[float, list[float]]:
    """The median time of a process, and what it printed, of several."""
    took, said = [], []
    for _ in range(times):
        began = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        took.append(time.perf_counter() - began)
        said += [float(line) for line in done.stdout.split()]
    return statistics.median(took), said


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--starts", type=int, default=5)
    given = parser.parse_args()

    timed(FIRST, 1)  # what is converted and measured once is kept
    whole, firsts = timed(FIRST, given.starts)
    bare, _ = timed("import numpy, cv2", given.starts)
    print(f"the first: {statistics.median(firsts):.2f} s, the whole process {whole:.2f} s, bare Python {bare:.2f} s")

    image = cv2.imread(str(PHOTOGRAPH))
    assert image is not None
    result = streamcam.explain(image, order="bgr")
    view = result.explainer.view(image)
    engine, picture, target = result.explainer._engine(view, 1), view.cut(image), single_target(-1)
    ways = {
        "engine": lambda: engine.start(picture, target)(),
        "array": lambda: streamcam.explain(image, order="bgr"),
        "path": lambda: streamcam.explain(PHOTOGRAPH),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(given.rounds):
        for name, work in ways.items():
            began = time.perf_counter()
            work()
            times[name].append(1e3 * (time.perf_counter() - began))
    own, array, path = (statistics.median(times[name]) for name in ways)
    print(f"warm: the engine {own:.1f} ms; explain of an array {array:.1f} ms, of a file {path:.1f} ms")
    print(f"explain of a file is {path / own:.2f} times the engine's time, or {path - own:.1f} ms more")


if __name__ == "__main__":
    main()
