"""``GradCAM`` beside the classic notebook's loop, and the frame loop beside the sum of its stages, in one run.

python tests/benchmarks/against_notebook.py [--small]
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"

import cv2
import numpy as np
import psutil
from notebook import make_notebook_gradcam

from streamcam import GradCAM, Overlay, VideoSink, VideoSource, load_model, run
from streamcam.steady.heat import unsteadied

SAMPLE = Path(__file__).parents[2] / "samples" / "cat_and_coffee.mp4"


def median_ms(function: Callable[[], object], times: int) -> float:
    """The median time of a call in milliseconds, after two calls to warm up."""
    function(), function()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        function()
        taken.append(time.perf_counter() - began)
    return float(np.median(taken)) * 1e3


def heatmap_ratio(times: int) -> None:
    """One heatmap of ResNet50 at 224x224."""
    classifier = load_model("resnet50", weights="none")
    image = np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)
    notebook = make_notebook_gradcam(classifier.network.model, "conv5_block3_out")
    explain = GradCAM(classifier, fit="stretch")
    slow = median_ms(lambda: notebook(image[..., ::-1]), times)
    fast = median_ms(lambda: explain(image), 6 * times)
    print(
        f"one heatmap, ResNet50 at 224: notebook {slow:.0f} ms, streamcam {fast:.1f} ms: {slow / fast:.1f} times as fast"
    )


def loop_ratio(model: str) -> None:
    """The whole loop over a clip against its stages measured one at a time on the same frames."""
    explain = GradCAM(load_model(model))
    overlay = Overlay(explain.labels)
    with VideoSource(SAMPLE) as source:
        explain(next(iter(source)))  # compiled outside both measurements

    totals = dict.fromkeys(("decode", "explain", "draw", "encode and close"), 0.0)

    def timed(stage: str, function: Callable[[], object]) -> object:
        began = time.perf_counter()
        result = function()
        totals[stage] += time.perf_counter() - began
        return result

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "loop.mp4"
        began = time.perf_counter()
        with VideoSource(SAMPLE) as source, VideoSink(target, source.info) as sink:
            count = run(source, explain, [sink])
        whole = time.perf_counter() - began

        with VideoSource(SAMPLE) as source:
            reading = iter(source)
            frames = []
            while (frame := timed("decode", lambda: next(reading, None))) is not None:
                frames.append(frame)
            info = source.info
        answers = [timed("explain", lambda f=f: explain(f)) for f in frames]
        drawn = [
            timed("draw", lambda f=f, a=a: overlay.draw(f.image, a))
            for f, a in unsteadied(zip(frames, answers, strict=True))
        ]
        sink = timed("encode and close", lambda: VideoSink(Path(folder) / "stages.mp4", info))
        for frame, answer, image in zip(frames, answers, drawn, strict=True):
            shown = type(frame)(image, frame.index, frame.time)
            timed("encode and close", lambda s=shown, a=answer: sink.write(s, a))
        timed("encode and close", sink.close)
    stages = sum(totals.values())
    shares = ", ".join(f"{name} {1e3 * t / count:.2f}" for name, t in totals.items())
    print(
        f"{model}, {count} frames of 640x360, ms a frame: {shares}; sum {1e3 * stages / count:.2f}, loop {1e3 * whole / count:.2f}"
    )
    print(f"the loop costs {whole / stages:.2f} times the sum of its stages")


def memory_growth(frames: int) -> None:
    """The process's memory while one explainer sees many frames and its class changes every 40."""
    explain = GradCAM(load_model())
    image = next(iter(VideoSource(SAMPLE))).image
    process = psutil.Process()
    used = []
    for i in range(frames + 200):
        explain(np.roll(image, i, axis=1), targets=(f"top{i // 40 % 5 + 1}",))
        if i >= 200 and i % 500 == 200:
            used.append(process.memory_info().rss / 1e6)
    used.append(process.memory_info().rss / 1e6)
    steps = ", ".join(f"{mb:.0f}" for mb in used)
    print(
        f"memory over {frames} frames with {frames // 40} changes of class: {steps} MB; traced {explain.trace_count} time"
    )


def blend_cost() -> None:
    """The overlay at 720p, per mode, with and without the panel."""
    explain = GradCAM(load_model())
    image = cv2.resize(next(iter(VideoSource(SAMPLE))).image, (1280, 720), interpolation=cv2.INTER_CUBIC)
    [(_, answer)] = unsteadied([(None, explain(image))])
    for mode in ("uniform", "heat", "add"):
        overlays = [Overlay(explain.labels, mode=mode, hud=hud) for hud in (False, True)]
        costs = [median_ms(partial(overlay.draw, image, answer), 100) for overlay in overlays]
        print(f"overlay at 720p, {mode}: {costs[0]:.2f} ms, with the panel {costs[1]:.2f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--small", action="store_true", help="few frames: to see that it runs")
    small = parser.parse_args().small
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
    blend_cost()
    loop_ratio("efficientnet-lite0")
    memory_growth(40 if small else 2000)
    heatmap_ratio(1 if small else 10)
