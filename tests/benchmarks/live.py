"""What a live session does, on a real MJPEG stream of 1280x720 at 30 frames a second.

    python tests/benchmarks/live.py delay [--minutes 5] [OPTIONS OF streamcam live]
    python tests/benchmarks/live.py clock [--minutes 5]
    python tests/benchmarks/live.py slow          # a model that takes half a second
    python tests/benchmarks/live.py faults [--rounds 20]

``delay`` shows a window where there is a display (``xvfb-run`` makes one).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from makers.cameras import Camera, number_of

from streamcam import Explanation, Frame, GradCAM, load_model
from streamcam.drawing.overlay import Overlay
from streamcam.live.controls import Controls
from streamcam.live.explainer import LiveExplainer
from streamcam.live.session import SessionLimit, run_session
from streamcam.live.stats import Stats
from streamcam.settings import CaptureSettings
from streamcam.sources.live.live import LiveSource

STALL = 1.0  # seconds


def delay(minutes: float, options: list[str]) -> None:
    window = [] if os.environ.get("DISPLAY") else ["--no-window"]
    with tempfile.TemporaryDirectory() as folder, Camera(width=1280, height=720) as camera:
        path = Path(folder) / "stats.json"
        command = [sys.executable, "-m", "streamcam", "live", camera.url, "--stats", str(path)]
        subprocess.run([*command, "--seconds", str(minutes * 60 + 1), *window, *options], check=True)
        stats = json.loads(path.read_text())
    print("in a window" if not window else "without a window", *options)
    print("frames", stats["frames"], "fps", stats["fps"])
    print("ms, p50 / p95 / p99:", {k: tuple(v.values()) for k, v in stats["ms"].items()})
    if stats["minutes"]:  # those that were complete
        print("first minute:", stats["minutes"][0])
        print("last minute:", stats["minutes"][-1])


def clock(minutes: float) -> None:
    """How long a picture takes from the server's hand to ours, by the number it shows."""
    with Camera(width=1280, height=720) as camera, LiveSource(camera.url) as source:
        lags: list[list[float]] = [[]]
        period = 60 * min(1.0, minutes)
        began = time.monotonic()
        for number, frame in enumerate(frame for frame in source if frame.fresh):
            if number % 15 == 14:
                lags[-1].append(source.start + frame.time - camera.sent()[number_of(frame.image)])
            if time.monotonic() - began > period * len(lags):
                print(
                    f"minute {len(lags)}: sent to arrived {1e3 * np.percentile(lags[-1], 95):.1f} ms (p95)", flush=True
                )
                lags.append([])
            if len(lags) * period > 60 * minutes:
                return


class _Slow(GradCAM):
    def start(self, frame: Frame | np.ndarray, targets: Any = None, method: Any = None) -> Callable[[], Explanation]:
        time.sleep(0.5)
        return super().start(frame, targets, method)


def slow(seconds: float) -> None:
    classifier = load_model()
    with Camera(width=1280, height=720) as camera:
        source = LiveSource(camera.url)
        controls, stats = Controls(Overlay(classifier.labels)), Stats(source)
        explain = LiveExplainer(lambda size: _Slow(classifier, size=size, threads=1), controls, stats)
        run_session(source, explain, controls, [stats, SessionLimit(None, seconds)], stats)
    data = stats.to_json()
    print("a model of 500 ms:", data["frames"], data["fps"], data["ms"]["delay"], data["ms"]["map_age"])
    print("memory MB:", data["memory_mb"], "by minute:", [minute["memory_mb"] for minute in data["minutes"]])


def faults(rounds: int) -> None:
    process = psutil.Process()
    with Camera() as camera, LiveSource(camera.url, CaptureSettings(stall_timeout=STALL)) as source:
        frames = iter(source)
        _settle(source, frames)
        start = _held(process)
        for fault in ("freeze", "disconnect", "garbage", "truncated", "size", "slow"):
            took = [_survive(source, frames, camera, fault) for _ in range(rounds)]
            print(
                f"{fault:11s} {rounds} of {rounds} survived, pictures again after at most {max(took):.1f} s", flush=True
            )
        end = _held(process)
        frames.close()
    print("held (threads, processes, files, MB) at start", start, "and at the end", end)
    took = [_absent(10.0) for _ in range(max(1, rounds // 10))]
    print(f"a server absent for 10 s: back in the picture at most {max(took):.1f} s after it came back")


def _settle(source: LiveSource, frames: Iterator[Frame]) -> None:
    for frame in frames:
        if frame.fresh and source.state.phase == "live":
            return


def _held(process: psutil.Process) -> tuple[int, int, int, float]:
    files = process.num_fds() if hasattr(process, "num_fds") else process.num_handles()
    return threading.active_count(), len(process.children()), files, round(process.memory_info().rss / 1e6, 1)


def _survive(source: LiveSource, frames: Iterator[Frame], camera: Camera, fault: str) -> float:
    """Seconds until fresh pictures came again, from when the fault was over."""
    if fault == "slow":
        camera.fault("disconnect")
        _until(frames, lambda frame: source.state.phase == "retrying")
    camera.fault(fault)
    if fault == "freeze":
        stalls = source.counts.stalls
        _until(frames, lambda frame: source.counts.stalls > stalls)
        camera.fault("none")
    if fault == "size":
        _until(frames, lambda frame: frame.image.shape == (320, 240, 3))
        camera.fault("none")
    began, count = time.monotonic(), source.counts.captured
    _until(frames, lambda frame: frame.fresh and source.counts.captured > count + 30)
    return time.monotonic() - began - 1


def _until(frames: Iterator[Frame], condition: Callable[[Frame], bool]) -> None:
    for frame in frames:
        if condition(frame):
            return


def _absent(seconds: float) -> float:
    with Camera() as camera:
        port = camera.port
        source = LiveSource(camera.url, CaptureSettings(stall_timeout=STALL))
        frames = iter(source)
        _settle(source, frames)
    end = time.monotonic() + seconds
    _until(frames, lambda frame: time.monotonic() > end)
    with Camera(port=port):
        began = time.monotonic()
        _until(frames, lambda frame: frame.fresh and source.state.phase == "live")
        took = time.monotonic() - began
        frames.close()
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("delay", "clock", "slow", "faults"))
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=20)
    asked, options = parser.parse_known_args()
    if asked.what == "delay":
        delay(asked.minutes, options)
    elif asked.what == "clock":
        clock(asked.minutes)
    elif asked.what == "slow":
        slow(130)
    else:
        faults(asked.rounds)


if __name__ == "__main__":
    main()
