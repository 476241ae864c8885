"""What each stage costs on this machine: the numbers behind ``streamcam bench``."""

from __future__ import annotations

import json
import os
import platform
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil

from streamcam.backends.load import load_classifier
from streamcam.backends.openvino.engine import processor_abilities, processor_name
from streamcam.drawing.overlay import Overlay
from streamcam.errors import StreamcamError
from streamcam.explainers import ClipGradCAM, GradCAM
from streamcam.explainers.clips import Seen
from streamcam.explainers.geometry import View
from streamcam.explainers.make import make_explainer
from streamcam.explainers.prepare import prepare
from streamcam.photographs import photographs
from streamcam.pipeline.clips import moment_of
from streamcam.pipeline.explaining import explained
from streamcam.pipeline.run import drawn, run
from streamcam.settings import ExplainSettings, ModelSettings
from streamcam.sinks import VideoSink
from streamcam.sources import VideoSource
from streamcam.steady.heat import steadied
from streamcam.types import Explained, Explanation, Frame, Region, UInt8Array, VideoInfo

RATE = Fraction(30)


@dataclass(frozen=True, slots=True)
class StageCost:
    """What one stage costs when it runs alone.

    Attributes:
        name: of the stage.
        median_ms: milliseconds a frame.
        p95_ms: milliseconds that 95 % of the frames stay under.
        share: of the sum of all stages, 0…1.
    """

    name: str
    median_ms: float
    p95_ms: float
    share: float


@dataclass(frozen=True, slots=True)
class BenchReport:
    """All that was measured.

    Attributes:
        machine: processor, cores and versions.
        model: name, layer, engine, precision and input size of what was explained.
        frames: size and number of the frames.
        stages: one after the other, each alone.
        loop_fps: frames a second of the overlapped loop over the same clip.
        cpu_busy: share of all cores that the loop kept busy, 0…1.
        first_heatmap_cold: seconds from the start of a process to its first heatmap, nothing kept on disk.
        first_heatmap_warm: the same, with the converted model on disk.
        memory_mb: of this process after the loop.
    """

    machine: dict[str, Any]
    model: dict[str, Any]
    frames: dict[str, Any]
    stages: list[StageCost]
    loop_fps: float
    cpu_busy: float
    first_heatmap_cold: float
    first_heatmap_warm: float
    memory_mb: float

    def to_json(self) -> str:
        """The report as one JSON object."""
        return json.dumps(asdict(self), indent=2)


def make_clip(path: Path, width: int, height: int, frames: int, shot: int = int(RATE)) -> None:
    """A clip of the package's photographs, each shown for so many frames by a moving camera."""
    pictures = photographs()
    nothing = Explanation(
        np.zeros((1, 1, 1), np.float32),
        np.zeros(1, np.int32),
        np.zeros(1, np.float32),
        np.zeros(1, np.float32),
        Region(0, 0, 1, 1),
    )
    with VideoSink(path, VideoInfo(width, height, RATE), overwrite=True) as sink:
        for index in range(frames):
            picture = pictures[index // shot % len(pictures)]
            zoom = 1.05 * max(width / picture.shape[1], height / picture.shape[0])
            shift = zoom * 0.02 * min(picture.shape[:2]) * (index % shot) / float(RATE)
            moved = cv2.warpAffine(
                picture,
                np.array([[zoom, 0, -shift], [0, zoom, -shift]]),
                (width, height),
                borderMode=cv2.BORDER_REFLECT,
            )
            sink.write(Frame(np.asarray(moved, np.uint8), index, float(index / RATE)), nothing)


def bench(
    *,
    model: ModelSettings = ModelSettings(),
    explain: ExplainSettings = ExplainSettings(),
    width: int = 1280,
    height: int = 720,
    frames: int = 150,
    progress: Callable[[str], object] = lambda _: None,
) -> BenchReport:
    """Measure what each stage costs on this machine, the whole loop, and the first heatmap of a new process.

    Args:
        model: whose explanations are measured.
        explain: how they are made.
        width: of the frames, in pixels.
        height: of the frames, in pixels.
        frames: how many.
        progress: called with a line before each long step.

    Raises:
        StreamcamError: the model cannot be loaded or explained.

    Example::

        print(streamcam.bench())
    """
    classifier = load_classifier(model, cache=explain.cache)
    single = make_explainer(explain, classifier)  # one frame at a time, for its cost alone
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        progress(f"making a clip of {frames} frames of {width}x{height}")
        # A video classifier has no clip across a cut.
        shot = 2 * single.sampling.span(float(RATE)) if isinstance(single, ClipGradCAM) else int(RATE)
        make_clip(folder / "clip.mp4", width, height, frames, shot)
        progress("measuring each stage alone")
        stages = _measure_stages(single, folder)
        progress("measuring the loop")
        fps, busy = _measure_loop(make_explainer(explain, classifier, in_flight=2), folder)
        memory = psutil.Process().memory_info().rss / 1e6
        progress("measuring the first heatmap of a new process, cold and warm")
        cold, warm = (_first_heatmap(model, explain, (height, width), folder / "cache") for _ in range(2))
    described = single.describe()
    return BenchReport(
        machine=machine(),
        model={"name": described["model"]}
        | {name: described[name] for name in ("layer", "engine", "precision", "fit", "size")},
        frames={"width": width, "height": height, "count": frames},
        stages=stages,
        loop_fps=fps,
        cpu_busy=busy,
        first_heatmap_cold=cold,
        first_heatmap_warm=warm,
        memory_mb=memory,
    )


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    return {
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "able": list(processor_abilities()),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _measure_stages(explain: GradCAM, folder: Path) -> list[StageCost]:
    overlay = Overlay(explain.labels)
    waiting: list[Explained] = []
    steady = steadied(iter(waiting.pop, None))
    times: dict[str, list[float]] = {name: [] for name in ("decode", "resize", "explain", "steady", "draw", "encode")}

    @contextmanager
    def timed(stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        times[stage].append(time.perf_counter() - began)

    with VideoSource(folder / "clip.mp4") as source, VideoSink(folder / "stages.mp4", source.info) as sink:
        reading = iter(source)
        first = next(reading)
        ask = _asking(explain)
        view = explain.view(first.image)
        ask(view.cut(first.image), view)  # compiled and warm before it is measured
        while True:
            with timed("decode"):
                frame = next(reading, None)
            if frame is None:
                times["decode"].pop()
                break
            view = explain.view(frame.image)
            with timed("resize"):
                small = view.cut(frame.image)
            with timed("explain"):
                explanation = ask(small, view)
            waiting.append((frame, replace(explanation, index=frame.index)))
            with timed("steady"):
                _, shown = next(steady)
            assert shown is not None
            with timed("draw"):
                picture = overlay.draw(frame.image, shown)
            with timed("encode"):
                sink.write(Frame(picture, frame.index, frame.time), explanation)
    medians = {name: float(np.median(values)) for name, values in times.items()}
    total = sum(medians.values())
    return [
        StageCost(name, 1e3 * medians[name], 1e3 * float(np.percentile(values, 95)), medians[name] / total)
        for name, values in times.items()
    ]


def _asking(explain: GradCAM) -> Callable[[UInt8Array, View], Explanation]:
    """What explains the model's input: a picture, or the clip that ends with it."""
    if not isinstance(explain, ClipGradCAM):
        return explain.explain_input
    kept: deque[Seen] = deque(maxlen=explain.sampling.frames)

    def ask(picture: UInt8Array, view: View) -> Explanation:
        seen = Seen(picture, view, 0, 0.0)
        kept.extend([seen] * (1 if kept else explain.sampling.frames))
        return moment_of([(explain.start_clip([*kept])(), len(kept) - 1)], 0, 0.0)

    return ask


def _measure_loop(explain: GradCAM, folder: Path) -> tuple[float, float]:
    """Frames a second, and the share of the cores that were busy, after a short run to warm up."""
    if not isinstance(explain, ClipGradCAM):
        with VideoSource(folder / "clip.mp4") as source:
            for _ in drawn(steadied(explained(_head(source, 3), explain)), Overlay(explain.labels)):
                pass
    process = psutil.Process()
    before, began = process.cpu_times(), time.perf_counter()
    with VideoSource(folder / "clip.mp4") as source, VideoSink(folder / "loop.mp4", source.info) as sink:
        count = run(source, explain, [sink])
    seconds = time.perf_counter() - began
    after = process.cpu_times()
    used = (after.user + after.system) - (before.user + before.system)
    return count / seconds, used / seconds / (os.cpu_count() or 1)


def _head(frames: VideoSource, count: int) -> Iterator[Frame]:
    for frame in frames:
        if frame.index >= count:
            return
        yield frame


def _first_heatmap(model: ModelSettings, explain: ExplainSettings, shape: tuple[int, int], cache: Path) -> float:
    """Seconds from the start of a process to its first heatmap, with what is in this cache."""
    began = time.perf_counter()
    if not prepare(model, explain, shape, cache=cache):
        raise StreamcamError("the first heatmap of a new process failed; --debug with streamcam annotate shows why")
    return time.perf_counter() - began
