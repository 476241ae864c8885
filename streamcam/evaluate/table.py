"""All measures of one explainer on images and videos: a row of the table that ``streamcam evaluate`` prints."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from streamcam.annotation.roi import Masks, Roi, share_inside
from streamcam.errors import ModelError, StreamcamWarning
from streamcam.evaluate.faithfulness import Faithfulness, faithfulness, insertion, spread
from streamcam.evaluate.protocols import Protocols, protocols
from streamcam.evaluate.sanity import sanity
from streamcam.evaluate.steadiness import Steadiness, lag_after_cuts, steadiness
from streamcam.explainers import GradCAM
from streamcam.explainers.geometry import view_of
from streamcam.explainers.precision import correlation
from streamcam.models.classifier import Classifier
from streamcam.pipeline.explaining import explained
from streamcam.sources import ImageSource, open_source
from streamcam.steady.heat import AHEAD, steadied, unsteadied
from streamcam.steady.naming import SteadyNaming
from streamcam.types import Explained, Explanation, Float32Array, Frame, UInt8Array

MOST_FRAMES = 300  # of each video that are looked at
_SANITY_PICTURES = 4


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one model, layer and method; None where there was nothing to measure it on.

    Attributes:
        model: name of the model.
        layer: path of the target layer.
        method: the formula.
        frames: how many frames were changed and asked about; of a video classifier, how many clips.
        insertion, deletion, drop, increase, road: means of ``Faithfulness``.
        sanity_head, sanity_all: see ``sanity``.
        pointing: share of the frames whose hottest cell lies inside the region of interest (Zhang et al. 2016).
        inside: mean share of the evidence inside.
        flicker_raw, flicker_live, flicker_file: see ``Steadiness``: of each frame's own map, of steady ones, and of steady
            ones that look ahead.
        flips_raw, flips_steady: changes of the named class a minute.
        lag: frames after a cut until the steady map is the new shot's.
        kept: mean correlation of the steady maps that look ahead with the frame's own, where there is heat.
        insertion_steady: of the steady maps that look ahead, on the frames of videos.
        insertion_video: of the raw maps on the same frames.
        order: of a video classifier, how much of the class's probability is lost when the frames are shuffled.
        shuffled: share of the shuffled clips with the same most probable class.
        moment: share of the clips in which an event happens whose strongest moment lies within one.
        average_drop, average_increase, coherency, complexity, adcc, rise_insertion, rise_deletion: means of ``Protocols``.
    """

    model: str
    layer: str
    method: str
    frames: int
    insertion: float
    deletion: float
    drop: float | None = None
    increase: float | None = None
    road: float | None = None
    sanity_head: float | None = None
    sanity_all: float | None = None
    pointing: float | None = None
    inside: float | None = None
    flicker_raw: float | None = None
    flicker_live: float | None = None
    flicker_file: float | None = None
    flips_raw: float | None = None
    flips_steady: float | None = None
    lag: float | None = None
    kept: float | None = None
    order: float | None = None
    shuffled: float | None = None
    moment: float | None = None
    insertion_video: float | None = None
    insertion_steady: float | None = None
    average_drop: float | None = None
    average_increase: float | None = None
    coherency: float | None = None
    complexity: float | None = None
    adcc: float | None = None
    rise_insertion: float | None = None
    rise_deletion: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The row with numbers rounded to four places."""
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items()}


@dataclass(slots=True)
class _Clip:
    """One input, explained: as it is, and with one class named steadily."""

    raw: list[tuple[Frame, Explanation]]
    named: list[tuple[Frame, Explanation]]
    steady: list[Explained]


def measure(
    paths: Sequence[Path],
    classifier: Classifier,
    explainer: Callable[[Classifier], GradCAM],
    *,
    frames: int = 20,
    seed: int = 0,
    rois: Sequence[Roi] = (),
    with_sanity: bool = True,
    with_protocols: bool = False,
    progress: Callable[[str], object] = lambda _: None,
) -> Row:
    """Measure one explainer. Where weights cannot be randomised, a ``StreamcamWarning`` says why.

    Args:
        paths: images and videos; of each video the first ``MOST_FRAMES`` frames.
        classifier: which is explained.
        explainer: makes an explainer of it, and of the same with other weights.
        frames: how many frames to change and ask about, shared among the inputs.
        seed: of all that is random: which frames, the noise, the shuffled weights.
        rois: where the evidence ought to lie, for the pointing game and the evidence inside.
        with_sanity: whether to randomise the model's weights.
        with_protocols: whether to measure as papers do, too, on the same frames.
        progress: called with a line before each step.
    """
    random = np.random.default_rng(seed)
    explain = explainer(classifier)
    found: list[Faithfulness] = []
    insertions: list[tuple[float, float]] = []
    placed: list[tuple[float, float]] = []
    clips: list[_Clip] = []
    pictures: list[UInt8Array] = []
    for number, path in enumerate(paths, start=1):
        progress(f"{path} ({number} of {len(paths)}): explaining")
        clip = _explained(path, explain)
        chosen = sorted(random.permutation(len(clip.raw))[: max(1, frames // len(paths))])
        for count, index in enumerate(chosen, start=1):
            progress(f"{path}: changing frame {count} of {len(chosen)}")
            frame, explanation = clip.raw[index]
            pictures.append(frame.image)
            found.append(_faithful(explain, frame, explanation, random))
            if clip.steady:
                _, named = clip.steady[index]
                assert named is not None
                assert named.heat is not None
                raw, steady = named.heatmaps[0], named.heat[0]
                insertions.append((_inserted(explain, frame, named, raw), _inserted(explain, frame, named, steady)))
        if rois:
            placed += _places(clip.raw, rois)
        if clip.steady:
            clips.append(clip)
    sane: tuple[float | None, float | None] = (None, None)
    if with_sanity:
        progress("randomising the model's weights")
        try:
            sane = sanity(classifier, explainer, pictures[:_SANITY_PICTURES], seed)
        except (ModelError, ImportError) as error:
            line = f"{classifier.name}: no sanity check, as OpenVINO cannot run it with random weights ({error})"
            warnings.warn(line, StreamcamWarning, stacklevel=2)
    mean = {name: float(np.mean([getattr(f, name) for f in found])) for name in Faithfulness.__slots__}
    row = Row(explain.classifier.name, explain.layer or "", explain.method, len(found), **mean)
    row = replace(row, sanity_head=sane[0], sanity_all=sane[1])
    if with_protocols:
        row = replace(row, **_published(explain, pictures, progress))
    if placed:
        pointing, inside = np.mean(placed, axis=0)
        row = replace(row, pointing=float(pointing), inside=float(inside))
    return _with_steadiness(row, clips, insertions) if clips else row


def _explained(path: Path, explain: GradCAM) -> _Clip:
    with open_source(path) as source:
        raw = list(explained(islice(source, MOST_FRAMES), explain))
        if isinstance(source, ImageSource) or len(raw) < 2:
            return _Clip(raw, [], [])
    named = list(explained((frame for frame, _ in raw), explain, naming=SteadyNaming(AHEAD)))
    return _Clip(raw, named, list(steadied(named, ahead=AHEAD)))


def _faithful(explain: GradCAM, frame: Frame, explanation: Explanation, random: np.random.Generator) -> Faithfulness:
    view, index = explain.view(frame.image), int(explanation.classes[0])

    def ask(picture: UInt8Array) -> float:
        return float(explain.explain_input(picture, view).probabilities[index])

    return faithfulness(np.ascontiguousarray(view.cut(frame.image)), explanation.heatmaps[0], ask, random)


def _published(explain: GradCAM, pictures: list[UInt8Array], progress: Callable[[str], object]) -> dict[str, Any]:
    """Means of the papers' measures, on the centre of each picture."""
    classifier = explain.classifier
    ask, how = classifier.network.answering(classifier), classifier.preprocessing
    found = []
    for number, picture in enumerate(pictures, start=1):
        progress(f"as papers measure: picture {number} of {len(pictures)}")
        centre = view_of(picture.shape[:2], "crop", classifier.input_size, classifier.stride).cut(picture)
        prepared = how.prepare(centre)
        index = int(ask(prepared).argmax())

        def heat(given: Float32Array, index: int = index) -> Float32Array:
            heatmap: Float32Array = explain(how.picture(given), (index,)).heatmaps[0]
            return heatmap

        def probability(given: Float32Array, index: int = index) -> float:
            return float(ask(given)[index])

        found.append(protocols(prepared, heat, probability))
    return {name: float(np.mean([getattr(one, name) for one in found])) for name in Protocols.__slots__}


def _inserted(explain: GradCAM, frame: Frame, explanation: Explanation, heat: Float32Array) -> float:
    view, index = explain.view(frame.image), int(explanation.classes[0])
    picture = np.ascontiguousarray(view.cut(frame.image))
    return insertion(
        picture, spread(heat, picture), lambda p: float(explain.explain_input(p, view).probabilities[index])
    )


def _places(explained: list[tuple[Frame, Explanation]], rois: Sequence[Roi]) -> list[tuple[float, float]]:
    """Of each frame with evidence: whether its hottest cell is inside, and how much of the evidence is."""
    masks, places = Masks(rois), []
    for frame, explanation in explained:
        heatmap, region, mask = explanation.heatmaps[0], explanation.region, masks.of(frame.image)
        share = share_inside(heatmap, region, mask)
        if share is None:
            continue
        peak = np.where(heatmap == heatmap.max(), 1, 0).astype(np.float32)
        hit = share_inside(peak, region, mask)
        places.append((float((hit or 0) >= 0.5), share))
    return places


def _with_steadiness(row: Row, clips: list[_Clip], insertions: list[tuple[float, float]]) -> Row:
    def mean(values: list[float]) -> float | None:
        return float(np.mean(values)) if values else None

    raw: list[Steadiness] = [steadiness(unsteadied(clip.raw)) for clip in clips]
    live: list[Steadiness] = [steadiness(steadied(clip.named)) for clip in clips]
    ahead: list[Steadiness] = [steadiness(clip.steady) for clip in clips]
    lags = [lag for clip in clips for lag in lag_after_cuts(clip.steady)]
    kept = [
        correlation(explanation.heat[0], explanation.heatmaps[0])
        for clip in clips
        for _, explanation in clip.steady
        if explanation is not None and explanation.heat is not None and explanation.heat[0].any()
    ]
    return replace(
        row,
        flicker_raw=mean([s.flicker for s in raw]),
        flicker_live=mean([s.flicker for s in live]),
        flicker_file=mean([s.flicker for s in ahead]),
        flips_raw=mean([s.flips for s in raw]),
        flips_steady=mean([s.flips for s in ahead]),
        lag=mean([float(lag) for lag in lags]),
        kept=mean(kept),
        insertion_video=mean([a for a, _ in insertions]),
        insertion_steady=mean([b for _, b in insertions]),
    )
