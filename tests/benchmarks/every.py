"""What ``--every auto`` saves and what it changes, beside ``--every 1``, in one run.

    python tests/benchmarks/every.py [--model NAME] [--frames 300]

Prints for clips of a still and of a moving camera, 1280x720: the share of frames that is explained; frames a second,
explained, steadied and drawn; processor time a frame; and how the shown heat correlates with that of ``--every 1``, in
the mean and at worst. Each clip is done in turns, so that both see the same load of the machine. Decoding and encoding are
left out: they cost the same in both. Last, the cost of one decision.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from makers import movement
from skimage import data

from streamcam import Frame, GradCAM, VideoSource, load_model
from streamcam.drawing.overlay import Overlay, SteadyDrawing
from streamcam.explainers.precision import correlation
from streamcam.pipeline.explaining import explained
from streamcam.pipeline.run import drawn
from streamcam.steady.heat import AHEAD, steadied
from streamcam.steady.naming import SteadyNaming
from streamcam.steady.renewal import Renewal
from streamcam.types import Explanation

SAMPLE = Path(__file__).parents[2] / "samples" / "cat_and_coffee.mp4"
TURN = 30  # frames, after which it is the other's turn


def clips(count: int) -> dict[str, Callable[[], Iterator[Frame]]]:
    """By name, what gives the frames anew."""
    cat, coffee = (np.ascontiguousarray(picture[..., ::-1]) for picture in (data.chelsea(), data.coffee()))
    made = {
        "still": partial(movement.still, cat, coffee, count),
        "panned": partial(movement.panned, coffee, min(count, 120)),
        "shaken": partial(movement.shaken, cat, count),
        "passing": partial(movement.passing, cat, coffee, min(count, 70)),
    }
    found = {name: partial(_large, pictures) for name, pictures in made.items()}
    return found | {"sample": _sample}


def _large(pictures: Callable[[], Iterator[np.ndarray]]) -> Iterator[Frame]:
    enlarged = (cv2.resize(picture, (1280, 720), interpolation=cv2.INTER_CUBIC) for picture in pictures())
    return movement.filmed(enlarged, 4.0)


def _sample() -> Iterator[Frame]:
    with VideoSource(SAMPLE) as source:
        for frame in source:
            yield Frame(cv2.resize(frame.image, (1280, 720)), frame.index, frame.time)


class Timed:
    """Explains a stream in turns with another, and counts what it costs."""

    def __init__(self, explain: GradCAM, every: int | str) -> None:
        self.frames: list[Frame] = []
        self.shown: list[Explanation] = []
        self.seconds = self.processor = 0.0
        stream = explained(self._given(), explain, every=every, naming=SteadyNaming())  # type: ignore[arg-type]
        self._out = drawn(steadied(stream, ahead=AHEAD), SteadyDrawing(Overlay(explain.labels)))

    def _given(self) -> Iterator[Frame]:
        while self.frames:
            yield self.frames.pop(0)

    def take(self, frames: list[Frame] | None) -> None:
        """A turn: with these frames, or the rest of those that were given."""
        began, processor = time.perf_counter(), time.process_time()
        if frames is not None:
            self.frames += frames
        for _, explanation in self._out:
            assert explanation is not None
            self.shown.append(explanation)
            if frames is not None and len(self.frames) <= 1:  # at none, the stream would end
                break
        self.seconds += time.perf_counter() - began
        self.processor += time.process_time() - processor


def measure(name: str, frames: Iterator[Frame], explainers: Sequence[GradCAM]) -> None:
    each, auto = Timed(explainers[0], 1), Timed(explainers[1], "auto")
    count, turn = 0, []
    for frame in frames:
        turn.append(frame)
        count += 1
        if len(turn) == TURN:
            each.take(turn)
            auto.take(turn)
            turn = []
    for one in (each, auto):
        one.take(turn)
        one.take(None)
    assert len(each.shown) == len(auto.shown) == count
    share = len({explanation.index for explanation in auto.shown}) / count
    pairs = list(zip(each.shown, auto.shown, strict=True))
    same = np.mean([one.classes[0] == other.classes[0] for one, other in pairs])
    correlations = [correlation(one.heat[0], other.heat[0]) for one, other in pairs]  # type: ignore[index]
    print(
        f"{name:8s} explained {share:4.0%}  frames a second {count / each.seconds:5.1f} {count / auto.seconds:6.1f} "
        f"({each.seconds / auto.seconds:.1f}x)  processor ms {1e3 * each.processor / count:5.1f} "
        f"{1e3 * auto.processor / count:5.1f} ({each.processor / auto.processor:.1f}x)  correlation mean "
        f"{np.mean(correlations):.4f} worst {min(correlations):.3f}  same class {same:.0%}",
        flush=True,
    )


def decide(name: str, frames: list[Frame], explain: GradCAM) -> None:
    renewal, explanation = Renewal(), explain(frames[0])
    took = []
    for frame in frames:
        began = time.thread_time()
        renewal.due(frame, lambda: explanation)
        took.append(time.thread_time() - began)
    print(f"a decision, {name}: {1e6 * np.median(took):.0f} microseconds of processor time (median)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="efficientnet-lite0")
    parser.add_argument("--frames", type=int, default=300)
    asked = parser.parse_args()
    explainers = [GradCAM(load_model(asked.model), in_flight=2) for _ in range(2)]  # each has frames in flight
    for name, frames in clips(asked.frames).items():
        for explain in explainers:
            explain(next(frames()))
        measure(name, frames(), explainers)
    cv2.setNumThreads(1)
    for name in ("still", "shaken"):
        decide(name, list(clips(60)[name]()), explain)


if __name__ == "__main__":
    main()
