"""How steady shown heat is over time: flicker, lag after a cut, and changes of the named class."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from streamcam.explainers.precision import correlation
from streamcam.steady.motion import motion, small_gray
from streamcam.steady.naming import CLOSE
from streamcam.types import Explained, Float32Array

_HEIGHT = 32  # cells of the grid on which maps of any size are compared


@dataclass(frozen=True, slots=True)
class Steadiness:
    """What was measured over the frames of one video.

    Attributes:
        flicker: mean absolute change of the heat from frame to frame, along the motion of the picture, over the mean
            heat: 0 for maps that move with the picture and do not change. Frames after a cut do not count. This is the
            warping error of Lai et al. 2018 (arXiv:1808.00449), relative to the mean as heat has no natural unit.
        flips: changes of the named class a minute, cuts left out.
        cuts: how many cuts there were.
        seconds: how long the video is.
    """

    flicker: float
    flips: float
    cuts: int
    seconds: float


def steadiness(shown: Iterable[Explained]) -> Steadiness:
    """Measure shown heat, as ``steadied`` or ``unsteadied`` give it: the first target's map."""
    changes: list[float] = []
    means: list[float] = []
    flips = cuts = 0
    last = None
    first_time = time = 0.0
    for frame, explanation in shown:
        heat = None if explanation is None else explanation.heat
        if explanation is None or heat is None:
            last = None
            continue
        gray, grid, name = small_gray(frame.image, explanation.region), _grid(heat), int(explanation.classes[0])
        means.append(float(grid.mean()))
        if last is None:
            first_time = frame.time if len(means) == 1 else first_time
        else:
            moved = motion(gray, last[0])
            if moved.is_cut:
                cuts += 1
            else:
                changes.append(float(np.abs(grid - moved.carry(last[1])).mean()))
                flips += name != last[2]
        last, time = (gray, grid, name), frame.time
    mean = float(np.mean(means)) if means else 0.0
    seconds = max(time - first_time, 1e-9)
    return Steadiness(float(np.mean(changes)) / mean if changes and mean else 0.0, 60 * flips / seconds, cuts, seconds)


def _grid(heat: Float32Array) -> Float32Array:
    height, width = heat.shape[1:]
    size = round(_HEIGHT * width / height), _HEIGHT
    return np.asarray(cv2.resize(heat[0], size, interpolation=cv2.INTER_LINEAR), np.float32)[None]


def lag_after_cuts(shown: Iterable[Explained], *, alike: float = 0.9) -> list[int]:
    """For each cut, how many frames pass until the shown map correlates with the frame's own by ``alike``, and the class
    that is named is the most probable one, or comes close to it.
    """
    lags: list[int] = []
    waiting = False
    last = None
    for frame, explanation in shown:
        heat = None if explanation is None else explanation.heat
        if explanation is None or heat is None:
            continue
        gray = small_gray(frame.image, explanation.region)
        if last is not None and last.shape == gray.shape and motion(gray, last).is_cut:
            lags.append(0)
            waiting = True
        if waiting:
            behind = float(explanation.probabilities.max() - explanation.scores[0])
            if behind <= CLOSE and (not heat.any() or correlation(heat[0], explanation.heatmaps[0]) >= alike):
                waiting = False
            else:
                lags[-1] += 1
        last = gray
    return lags
