"""What a video classifier costs beside a classifier of single pictures, and beside the naive way.

    python tests/benchmarks/clips.py speed [--rounds 60]
    python tests/benchmarks/clips.py memory [--frames 20000]
    python tests/benchmarks/clips.py motions [--clips 500]

``speed``: EfficientNet-Lite0 for each of 16 frames, then an LSTM over them; a clip after each frame. Beside it, in turns: one
frame explained with EfficientNet-Lite0 alone; and the naive way, all 16 frames again for each clip, with an eager gradient
tape. All in f32. ``memory``: of this process, while so many frames go through the loop. ``motions``: how often the bundled
video classifier is right on made clips of photographs that it was not trained on, whether its evidence lies on the thing that
moves, while it moves, and what becomes of it when the frames are shuffled.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import cv2
import numpy as np

from streamcam import GradCAM, load_model, run, wrap_model
from streamcam.explainers.clips import ClipGradCAM
from streamcam.models.classifier import Classifier
from streamcam.models.preprocessing import PREPROCESSINGS
from streamcam.photographs import photographs, views
from streamcam.types import Frame

FRAMES, SIDE = 16, 224
LAYER = "top_activation"


def lite_and_lstm() -> tuple[Classifier, Any]:
    """The bundled network for each frame, an LSTM over them, ten classes."""
    import keras
    from keras import layers

    from streamcam.backends.keras.efficientnet_lite import efficientnet_lite, load_lite_weights
    from streamcam.backends.weights.lite import LITES

    keras.utils.set_random_seed(0)
    lite = LITES["efficientnet-lite0"]
    whole = efficientnet_lite(lite)
    load_lite_weights(whole, lite)
    frame = keras.Model(whole.input, whole.get_layer("avg_pool").output, name="frame")
    clip = keras.Input((FRAMES, SIDE, SIDE, 3))
    x = layers.LSTM(64)(layers.TimeDistributed(frame)(clip))
    model = keras.Model(clip, layers.Dense(10, activation="softmax")(x), name="lite0-lstm")
    return wrap_model(model, preprocessing=PREPROCESSINGS["lite"]), model


def frames() -> Iterator[Frame]:
    """A picture that moves, without an end."""
    clip = [cv2.resize(picture, (SIDE, SIDE)) for picture in views(SIDE, SIDE, 2 * FRAMES)[0]]
    for index in count():
        at = index % (2 * len(clip))
        yield Frame(clip[min(at, 2 * len(clip) - 1 - at)], index, index / 30)


def naive(model: Any) -> Any:
    """As tutorials have it: all frames of a clip at once, an eager tape from the score to the last map of each frame."""
    import keras
    import tensorflow as tf

    frame = model.layers[1].layer
    maps = keras.Model(frame.input, frame.get_layer(LAYER).output)
    lstm, dense = model.layers[2], model.layers[3]

    def explain(clip: np.ndarray) -> np.ndarray:
        pixels = (clip[..., ::-1].astype(np.float32) - 127) / 128
        with tf.GradientTape() as tape:
            activations = maps(pixels, training=False)
            tape.watch(activations)
            scores = dense(lstm(tf.reduce_mean(activations, axis=(1, 2))[tf.newaxis]))
            score = tf.reduce_max(scores)
        gradients = tape.gradient(score, activations)
        weights = tf.reduce_mean(gradients, axis=(0, 1, 2))
        return tf.nn.relu(tf.einsum("thwc,c->thw", activations, weights)).numpy()

    return explain


def speed(rounds: int) -> None:
    """In turns, so that what else the machine does falls on all."""
    classifier, model = lite_and_lstm()
    explain = ClipGradCAM(classifier, precision="f32", cache=False)
    single = GradCAM(load_model("efficientnet-lite0"), precision="f32")
    tape = naive(model)
    stream = frames()
    seen = [explain.see(next(stream)) for _ in range(FRAMES)]
    explain.start_clip(seen)()
    single(seen[-1].picture)
    tape(np.stack([one.picture for one in seen]))
    taken = np.empty((rounds, 3))
    for turn in range(rounds):
        frame = next(stream)
        began = time.perf_counter()
        seen = [*seen[1:], explain.see(frame)]
        explain.start_clip(seen)()
        taken[turn, 0] = time.perf_counter() - began
        began = time.perf_counter()
        single(frame)
        taken[turn, 1] = time.perf_counter() - began
        if turn % 10 == 0:
            clip = np.stack([one.picture for one in seen])
            began = time.perf_counter()
            tape(clip)
            taken[turn, 2] = time.perf_counter() - began
    once, alone = np.median(taken[:, 0]), np.median(taken[:, 1])
    whole = np.median(taken[::10, 2])
    print(f"a clip of {FRAMES} after each frame: {1e3 * once:.1f} ms, one frame alone: {1e3 * alone:.1f} ms")
    print(f"the naive way: {1e3 * whole:.0f} ms")
    print(
        f"{np.median(taken[:, 0] / taken[:, 1]):.2f} times the cost of one frame, {whole / once:.0f} times as fast as naive"
    )


def memory(total: int) -> None:
    """Of the process, at a tenth of the frames and at the end."""
    import psutil

    classifier = load_model("motions")
    explain = ClipGradCAM(classifier, clip_stride=1, clip_hop=4, cache=False, precision="f32")
    process, marks = psutil.Process(), []

    class Counting:
        def write(self, frame: Frame, explanation: Any) -> None:
            if frame.index in (total // 10, total - 1):
                marks.append(process.memory_info().rss / 1e6)

    stream = (frame for frame, _ in zip(frames(), range(total), strict=False))
    began = time.monotonic()
    run(stream, explain, [Counting()])
    print(f"{total} frames, {total / (time.monotonic() - began):.0f} a second")
    print(f"after a tenth: {marks[0]:.0f} MB, at the end: {marks[1]:.0f} MB")


def motions(clips: int) -> None:
    """On photographs of the package, which it was not trained on."""
    from streamcam.backends.motions.clips import MOTIONS, make_clip

    explain = ClipGradCAM(load_model("motions"), clip_stride=1)
    random, kept = np.random.default_rng(20261127), list(photographs())
    right = np.zeros((len(MOTIONS), 2), int)
    on_it, in_time, shuffled = [], [], []
    for number in range(clips):
        made = make_clip(random, kept, number % len(MOTIONS))
        said = explain.explain_clip(made.images)
        best = int(said.probabilities.argmax())
        right[made.label] += best == made.label, 1
        other = explain.explain_clip(made.images[random.permutation(FRAMES)])
        shuffled.append(int(other.probabilities.argmax()) == made.label)
        if best != made.label or MOTIONS[best] == "stays":
            continue
        at, y, x = np.unravel_index(int(said.heatmaps[0].argmax()), said.heatmaps[0].shape)
        sample = int(np.flatnonzero(said.steps == at)[0])
        cell = SIDE_OF_MOTIONS / said.heatmaps.shape[-1]
        x0, y0, x1, y1 = made.boxes[sample]
        on_it.append(x0 - cell <= (x + 0.5) * cell <= x1 + cell and y0 - cell <= (y + 0.5) * cell <= y1 + cell)
        in_time.append(int(said.shares[0].argmax()) in made.event)
    for name, (hits, of) in zip(MOTIONS, right, strict=True):
        print(f"{name:12} {hits} of {of} right")
    print(f"right: {right[:, 0].sum() / right[:, 1].sum():.3f}")
    print(
        f"of the right ones that move, evidence on the thing: {np.mean(on_it):.3f}, during the event: {np.mean(in_time):.3f}"
    )
    print(f"right with the frames shuffled: {np.mean(shuffled):.3f}")


SIDE_OF_MOTIONS = 160


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("speed", "memory", "motions"))
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--clips", type=int, default=500)
    asked = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    match asked.what:
        case "speed":
            speed(asked.rounds)
        case "memory":
            memory(asked.frames)
        case _:
            motions(asked.clips)


if __name__ == "__main__":
    main()
