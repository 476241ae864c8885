"""All measures of a video classifier: a row of the table that ``streamcam evaluate`` prints.

What is taken out of a clip, or put in, is a place at a time. In its stead stands the clip's mean over time, blurred, which
neither moves nor shows detail.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np

from streamcam.annotation.roi import Masks, Roi, share_inside
from streamcam.errors import ModelError, OptionError, StreamcamWarning
from streamcam.evaluate.faithfulness import area
from streamcam.evaluate.sanity import randomised, spearman
from streamcam.evaluate.table import MOST_FRAMES, Row
from streamcam.explainers.clips import ClipGradCAM
from streamcam.models.classifier import Classifier
from streamcam.sources import open_source
from streamcam.types import ClipExplanation, Float32Array, Frame, UInt8Array

# When something happens, in seconds from the start of a video: ``(begin, end)``.
Event: TypeAlias = tuple[float, float]

SHUFFLES = 3  # of each clip
IGNORES = 0.05  # of its probability: who loses less by the order of the frames does not look at it
_SANITY_CLIPS = 4


def measure_clips(
    paths: Sequence[Path],
    classifier: Classifier,
    explainer: Callable[[Classifier], ClipGradCAM],
    *,
    clips: int = 20,
    seed: int = 0,
    rois: Sequence[Roi] = (),
    events: Sequence[Event] = (),
    with_sanity: bool = True,
    progress: Callable[[str], object] = lambda _: None,
) -> Row:
    """Measure one explainer of a video classifier.

    A model that says the same of the frames in another order is exposed by a ``StreamcamWarning``, and so is one whose weights
    cannot be randomised.

    Args:
        paths: videos; of each the clips within its first ``MOST_FRAMES`` samples.
        classifier: which is explained.
        explainer: makes an explainer of it, and of the same with other weights.
        clips: how many to change and ask about, shared among the inputs.
        seed: of all that is random.
        rois: where the evidence ought to lie.
        events: when it ought to; clips in which one happens are counted.
        with_sanity: whether to randomise the model's weights.
        progress: called with a line before each step.

    Raises:
        OptionError: no video is as long as a clip.
    """
    random = np.random.default_rng(seed)
    explain = explainer(classifier)
    chosen = [clip for path in paths for clip in _clips_of(path, explain, max(1, clips // len(paths)), random)]
    if not chosen:
        raise OptionError(
            f"evaluate: no input is as long as a clip of {classifier.name}, {explain.sampling.frames} frames"
        )
    insertions, deletions, losses, same = [], [], [], []
    placed: list[tuple[float, float]] = []
    in_time: list[float] = []
    for number, clip in enumerate(chosen, start=1):
        progress(f"changing clip {number} of {len(chosen)}")
        said = explain.explain_clip(clip)
        index, pictures = int(said.classes[0]), np.stack([explain.see(frame).picture for frame in clip])

        def ask(changed: UInt8Array, index: int = index) -> float:
            return float(explain.explain_clip(changed, [index]).probabilities[index])

        still, heat = _still(pictures), _spread(said, pictures.shape)
        insertions.append(area(still, pictures, heat, ask))
        deletions.append(area(pictures, still, heat, ask))
        for _ in range(SHUFFLES):
            other = explain.explain_clip(pictures[random.permutation(len(pictures))])
            losses.append(float(said.probabilities[index] - other.probabilities[index]))
            same.append(float(int(other.probabilities.argmax()) == int(said.probabilities.argmax())))
        if rois and (place := _placed(clip, said, rois)):
            placed.append(place)
        in_time += _in_time(said, events)
    if np.mean(losses) < IGNORES and np.mean(same) > 1 - IGNORES:
        warnings.warn(
            f"{classifier.name}: says the same of the frames in another order, so it does not look at motion "
            f"(its probability falls by {np.mean(losses):.3f})",
            StreamcamWarning,
            stacklevel=2,
        )
    row = Row(
        explain.classifier.name,
        explain.layer or "",
        explain.method,
        len(chosen),
        insertion=float(np.mean(insertions)),
        deletion=float(np.mean(deletions)),
        order=float(np.mean(losses)),
        shuffled=float(np.mean(same)),
        moment=float(np.mean(in_time)) if in_time else None,
    )
    if placed:
        pointing, inside = np.mean(placed, axis=0)
        row = replace(row, pointing=float(pointing), inside=float(inside))
    if with_sanity:
        progress("randomising the model's weights")
        row = _with_sanity(row, classifier, explainer, chosen[:_SANITY_CLIPS], random)
    return row


def _clips_of(path: Path, explain: ClipGradCAM, count: int, random: np.random.Generator) -> list[list[Frame]]:
    """Some clips of a video, each as many frames as the model looks at; none where it is too short."""
    how = explain.sampling
    samples, frames = how.sampler(), []
    with open_source(path) as source:
        for frame in source:
            frames += [frame] * len(samples(frame))
            if len(frames) >= MOST_FRAMES:
                break
    last = len(frames) - how.frames
    starts = sorted(random.permutation(last + 1)[:count]) if last >= 0 else []
    return [frames[start : start + how.frames] for start in starts]


def _still(pictures: UInt8Array) -> UInt8Array:
    """``(T, h, w, 3)``: the mean over time, blurred, at all times."""
    mean = pictures.mean(axis=0).astype(np.float32)
    blurred = cv2.GaussianBlur(mean, (0, 0), min(mean.shape[:2]) / 20)
    return np.broadcast_to(np.rint(blurred).astype(np.uint8), pictures.shape)


def _spread(said: ClipExplanation, shape: tuple[int, ...]) -> Float32Array:
    """``(T, h, w)`` float32: the evidence of the first class at each place of each picture."""
    frames, height, width, _ = shape
    maps = [said.maps_at(number)[0] for number in range(frames)]
    return np.stack([cv2.resize(m, (width, height), interpolation=cv2.INTER_LINEAR) for m in maps]).astype(np.float32)


def _placed(clip: Sequence[Frame], said: ClipExplanation, rois: Sequence[Roi]) -> tuple[float, float] | None:
    """Of the strongest moment: whether the hottest cell is inside, and how much of the evidence is."""
    strongest = int(said.shares[0].argmax())
    heatmap, mask = said.maps_at(strongest)[0], Masks(rois).of(clip[strongest].image)
    share = share_inside(heatmap, said.region, mask)
    if share is None:
        return None
    peak = (heatmap == heatmap.max()).astype(np.float32)
    return float((share_inside(peak, said.region, mask) or 0) >= 0.5), share


def _in_time(said: ClipExplanation, events: Sequence[Event]) -> list[float]:
    """Temporal pointing, of a clip in which an event happens: 1 where its strongest moment lies within one, else 0."""
    happening = [(begin, end) for begin, end in events if ((said.times >= begin) & (said.times <= end)).any()]
    if not happening or not said.shares[0].any():
        return []
    time = float(said.times[int(said.shares[0].argmax())])
    return [float(any(begin <= time <= end for begin, end in happening))]


def _with_sanity(
    row: Row,
    classifier: Classifier,
    explainer: Callable[[Classifier], ClipGradCAM],
    clips: Sequence[Sequence[Frame]],
    random: np.random.Generator,
) -> Row:
    """How alike maps are before and after weights are randomised, see ``sanity.sanity``."""
    trained = explainer(classifier)
    known = [trained.explain_clip(clip) for clip in clips]
    found = []
    try:
        forward = classifier.network.forward(classifier)
        for only_head in (True, False):
            other = explainer(randomised(classifier, forward, random, only_head=only_head))
            maps = [
                other.explain_clip(clip, [int(said.classes[0])]).heatmaps
                for clip, said in zip(clips, known, strict=True)
            ]
            alike = [abs(spearman(said.heatmaps[0], m[0])) for said, m in zip(known, maps, strict=True)]
            found.append(float(np.mean(alike)))
    except (ModelError, ImportError) as error:
        line = f"{classifier.name}: no sanity check, as OpenVINO cannot run it with random weights ({error})"
        warnings.warn(line, StreamcamWarning, stacklevel=2)
        return row
    return replace(row, sanity_head=found[0], sanity_all=found[1])
