"""Train the small video classifier of motions, and measure it on clips of photographs that it was not trained on.

    pip install scikit-image scikit-learn matplotlib
    python -m streamcam.backends.motions.train motions.npz
    python -m streamcam.backends.motions.train --check

The clips are made (``motion_clips.py``) of the photographs that those three packages carry, without the five of
``streamcam.photographs``, which are kept for measuring. EfficientNet-Lite0's layers stay as they are, so their output is
computed once for each clip. A clip is also learned backwards, as the opposite motion.

Two auxiliary losses make the evidence lie in the right place at the right time. One is the cross-entropy of the average over
only those places that are on the thing during the event, where "stays" counts as no evidence; it comes first, as the average
over all places tells too little to begin with. The other is the share of all evidence, for and against any class (of the
class activation maps, which are Grad-CAM at the layer "motion"), that lies elsewhere. So the network is told where to look,
beside what to say: that its maps lie right on made clips is trained, not found. A clip that stays has neither loss.
"""

from __future__ import annotations

import hashlib
import io
import sys
import zipfile
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

from streamcam.backends.motions.clips import (
    MOTIONS,
    REVERSED,
    SAMPLES,
    SIDE,
    STAYS,
    TURNS,
    MotionClip,
    make_clip,
)
from streamcam.photographs import photographs
from streamcam.types import BoolArray, Float32Array, UInt8Array

if TYPE_CHECKING:
    import keras

Log: TypeAlias = Callable[..., None]  # takes the epoch, and its averages

NETWORK = "streamcam.backends.motions.network"  # by name, as these weights lie below it
LITE_LAYER, MOTION_LAYER = "block3b_add", "motion"
SEED, HELD_OUT_SEED, SHUFFLE_SEED = 1, 2, 3
CLIPS, HELD_OUT_CLIPS = 4000, 500
EPOCHS, BATCH = 10, 32
RATE, DECAY = 1e-3, 1e-3
GAIN = 30.0  # of the average over all places, of which few tell; part of the last kernel afterwards
LOCALLY = 1.0  # weight of the cross-entropy of the average over the thing's own places
ELSEWHERE = 1.0  # weight of the share of evidence that lies elsewhere
LONGER_SIDE = 480  # of a photograph, at most

SOURCES = {
    "skimage.data": (
        *("brick.png", "cell.png", "coins.png", "color.png", "grass.png", "gravel.png", "horse.png", "ihc.png"),
        *("hubble_deep_field.jpg", "logo.png", "moon.png", "motorcycle_left.png", "motorcycle_right.png", "page.png"),
        *("retina.jpg", "text.png"),
    ),
    "sklearn.datasets.images": ("china.jpg", "flower.jpg"),
    "matplotlib": ("mpl-data/sample_data/grace_hopper.jpg",),
}


def training_photographs() -> list[UInt8Array]:
    """Each ``(H, W, 3)`` uint8 BGR, the longer side 480 pixels at most."""
    pictures = []
    for package, names in SOURCES.items():
        for name in names:
            data = np.frombuffer(files(package).joinpath(name).read_bytes(), np.uint8)
            picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
            shrink = min(1.0, LONGER_SIDE / max(picture.shape[:2]))
            smaller = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
            pictures.append(np.asarray(smaller, np.uint8))
    return pictures


def clips(seed: int, count: int, pictures: list[UInt8Array]) -> Iterator[MotionClip]:
    """Clips of all motions in turn."""
    rng = np.random.default_rng(seed)
    for i in range(count):
        yield make_clip(rng, pictures, i % len(MOTIONS))


def prepared(images: UInt8Array) -> Float32Array:
    """What the network takes of ``(…, 3)`` uint8 BGR pictures."""
    return np.asarray((images[..., ::-1] - np.float32(127)) / np.float32(128))


def places(clip: MotionClip, cells: int, margin: float) -> BoolArray:
    """Which cells of the map are on the thing in each sample, ``(16, cells, cells)``: its box and ``margin`` cells around."""
    boxes = clip.boxes * (cells / SIDE)
    middles = np.arange(cells) + 0.5
    low, high = boxes[:, :2, None] - margin, boxes[:, 2:, None] + margin
    inside = (low <= middles) & (middles <= high)
    return np.asarray(inside[:, 1, :, None] & inside[:, 0, None, :])


def trained_layers(network: keras.Model) -> list[Any]:
    """The layers to be trained, in their order: two of each picture, then those of the clip."""
    of_picture = network.get_layer("features").layer.layers
    return [layer for layer in (*of_picture, *network.layers) if layer.trainable_weights and layer.name != "features"]


def train(build: Callable[[], keras.Model], pictures: list[UInt8Array], log: Log | None = None) -> keras.Model:
    """The network that ``build`` gives, trained on clips of ``pictures``."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(SEED)
    network = build()
    frame = network.get_layer("features").layer
    lite = tf.function(keras.Model(frame.input, frame.get_layer(LITE_LAYER).output))
    features = np.empty((CLIPS, SAMPLES, SIDE // 8, SIDE // 8, 40), np.float16)
    labels, wanted = np.empty(CLIPS, np.int32), np.empty((CLIPS, SAMPLES, SIDE // 16, SIDE // 16), np.bool_)
    for i, clip in enumerate(clips(SEED, CLIPS, pictures)):
        features[i] = lite(tf.constant(prepared(clip.images))).numpy()
        labels[i] = clip.label
        during = np.isin(np.arange(SAMPLES), clip.event)
        wanted[i] = during[:, None, None] & places(clip, SIDE // 16, 0.5)
    fit(network, features, labels, wanted, log)
    return network


def fit(
    network: keras.Model, features: np.ndarray, labels: np.ndarray, wanted: np.ndarray, log: Log | None = None
) -> None:
    """Train ``network`` on EfficientNet-Lite0's features of clips, their labels, and the cells where evidence should lie."""
    import keras
    import tensorflow as tf

    squeeze, reduce, *_, predictions = trained_layers(network)
    over_time = keras.Model(network.get_layer("features").output, network.get_layer(MOTION_LAYER).output)
    some = features[:: max(1, len(features) // 200)].astype(np.float32)
    squeeze.kernel.assign(squeeze.kernel / some.std((0, 1, 2, 3))[:, None])  # as if of standardised features
    squeeze.bias.assign(-some.mean((0, 1, 2, 3)) @ squeeze.kernel.numpy()[0, 0])
    predictions.kernel.assign(predictions.kernel / 10)
    moving = np.not_equal(range(len(MOTIONS)), STAYS).astype(np.float32)
    variables = [v for layer in trained_layers(network) for v in layer.trainable_variables]
    steps = EPOCHS * (len(labels) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps, warmup_target=RATE, warmup_steps=steps // 20)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=DECAY, clipnorm=1.0)
    optimizer.build(variables)

    def step(x: Any, label: Any, where: Any, strict: Any) -> Any:
        with tf.GradientTape() as tape:
            maps = reduce(squeeze(tf.reshape(tf.cast(x, tf.float32), (-1, *x.shape[2:]))))
            maps = over_time(tf.reshape(maps, (-1, SAMPLES, *maps.shape[1:])))
            logits = GAIN * (tf.reduce_mean(maps, (1, 2, 3)) @ predictions.kernel + predictions.bias)
            wrong = keras.losses.sparse_categorical_crossentropy(label, logits, from_logits=True)
            evidence = GAIN * tf.reduce_sum(tf.abs(maps @ predictions.kernel), -1)  # for and against any class
            total = tf.reduce_mean(evidence, (1, 2, 3))
            elsewhere = tf.reduce_mean(evidence * (1 - where), (1, 2, 3)) / (total + 0.1)
            there = tf.einsum("bthwc,bthw->bc", maps, where) / (tf.reduce_sum(where, (1, 2, 3)) + 1e-3)[:, None]
            motions = (there @ predictions.kernel) * moving
            locally = keras.losses.sparse_categorical_crossentropy(label, motions, from_logits=True)
            aside = tf.where(label == STAYS, 0.0, strict * ELSEWHERE * elsewhere + LOCALLY * locally)
            loss = tf.reduce_mean(strict * wrong + aside)
        optimizer.apply(tape.gradient(loss, variables), variables)
        right = tf.cast(tf.argmax(logits, -1, label.dtype) == label, tf.float32)
        return tf.stack([tf.reduce_mean(figure) for figure in (wrong, locally, elsewhere, right)])

    graph = tf.function(step, autograph=False)
    rng = np.random.default_rng(SEED)
    for epoch in range(EPOCHS):
        order = rng.permutation(len(labels))[: len(labels) // BATCH * BATCH]
        figures = []
        for batch in order.reshape(-1, BATCH):
            x, label, where = features[batch], labels[batch], wanted[batch].astype(np.float32)
            back = np.flatnonzero(rng.random(BATCH) < 0.5)
            x[back], where[back], label[back] = x[back, ::-1], where[back, ::-1], np.take(REVERSED, label[back])
            strict = min(1.0, 3 * epoch / EPOCHS)  # only once it has learned what to look for
            given = zip((x, label, where, strict), (x.dtype, np.int32, np.float32, np.float32), strict=True)
            figures.append(graph(*(tf.constant(value, kind) for value, kind in given)).numpy())
        if log is not None:
            log(epoch, *np.mean(figures, 0))
    for variable in (predictions.kernel, predictions.bias):
        variable.assign(GAIN * variable)


def write(network: keras.Model, path: Path) -> str:
    """Write the trained weights as float16, the same bytes every time, and return their sha256."""
    arrays = {f"{layer.name}/{w.name}": w.numpy() for layer in trained_layers(network) for w in layer.weights}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, array in sorted(arrays.items()):
            buffer = io.BytesIO()
            np.save(buffer, np.ascontiguousarray(array, "<f2"), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # the same on every platform
            archive.writestr(entry, buffer.getvalue())
    return hashlib.sha256(path.read_bytes()).hexdigest()


def answers(network: keras.Model, made: list[MotionClip]) -> tuple[Float32Array, Float32Array]:
    """Probabilities ``(N, 10)`` of the clips, and the maps ``(N, 16, h, w, C)`` of the layer "motion"."""
    import keras

    both = keras.Model(network.input, [network.output, network.get_layer(MOTION_LAYER).output])
    parts = [both.predict(prepared(clip.images)[None], verbose=0) for clip in made]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def check(network: keras.Model) -> Iterator[str]:
    """Measure ``network`` on the held-out photographs; each line says one thing."""
    made = list(clips(HELD_OUT_SEED, HELD_OUT_CLIPS, list(photographs())))
    truth = np.array([clip.label for clip in made])
    probabilities, maps = answers(network, made)
    said = probabilities.argmax(-1)
    yield f"accuracy: {np.mean(said == truth):.1%} of {len(made)} clips"
    confusion = np.zeros((len(MOTIONS), len(MOTIONS)), int)
    np.add.at(confusion, (truth, said), 1)
    for name, row in zip(MOTIONS, confusion, strict=True):
        yield f"  {name:12}" + "".join(f"{count:4}" for count in row)
    kernel = network.get_layer("predictions").kernel.numpy()
    found = [_found(made[i], maps[i] @ kernel[:, truth[i]]) for i in np.flatnonzero((said == truth) & (truth != STAYS))]
    names = (
        *("peak on the thing", "peak on the thing and in the event"),
        *("strip's peak in the event", "strip's peak within one sample of it"),
        *("evidence for the class on the thing in the event", "evidence for or against it there"),
    )
    for name, share in zip(names, np.mean(found, 0), strict=True):
        yield f"{name}: {share:.1%} of {len(found)}"
    rng = np.random.default_rng(SHUFFLE_SEED)
    shuffled = [MotionClip(c.images[rng.permutation(SAMPLES)], c.label, c.event, c.boxes) for c in made]
    said = answers(network, shuffled)[0].argmax(-1)
    ordered = ~np.isin(truth, (TURNS, STAYS))
    yield f"shuffled: accuracy {np.mean(said[ordered] == truth[ordered]):.1%} of the eight motions that have a direction"
    for k, name in enumerate(MOTIONS):
        yield f"  {name:12}{np.mean(said[truth == k] == k):7.1%}"


def _found(clip: MotionClip, activation: Float32Array) -> tuple[float, ...]:
    """Of the class activation map ``(16, h, w)``: what ``check`` averages."""
    evidence = np.maximum(activation, 0)
    on = places(clip, evidence.shape[1], 1.0)
    peak = np.unravel_index(evidence.argmax(), evidence.shape)
    moment = int(evidence.sum((1, 2)).argmax())
    near = clip.event.start - 1 <= moment <= clip.event.stop
    there = on & np.isin(np.arange(SAMPLES), clip.event)[:, None, None]
    shares = [float((e * there).sum() / max(e.sum(), 1e-9)) for e in (evidence, np.abs(activation))]
    return (on[peak], on[peak] and int(peak[0]) in clip.event, moment in clip.event, near, *shares)


def progress(epoch: int, wrong: float, locally: float, elsewhere: float, right: float) -> str:
    """One epoch's averages: the cross-entropies, the share of evidence elsewhere, and of right answers."""
    figures = f"loss {wrong:.3f}, on the thing {locally:.3f}, evidence elsewhere {elsewhere:.1%}, right {right:.1%}"
    return f"{epoch + 1:3} of {EPOCHS}: {figures}"


def main(arguments: list[str]) -> None:
    """Train and write, or check what is bundled."""
    build = import_module(NETWORK).motions_network
    if arguments == ["--check"]:
        network = build()
    elif len(arguments) == 1 and not arguments[0].startswith("-"):
        network = train(
            lambda: build(weights=False), training_photographs(), lambda *told: print(progress(*told), flush=True)
        )
        print(write(network, Path(arguments[0])), arguments[0])
    else:
        raise SystemExit("usage: python -m streamcam.backends.motions.train OUT.npz | --check")
    for line in check(network):
        print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
