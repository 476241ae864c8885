"""Compare models, layers and methods: how faithful and how steady their explanations are, one row each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import cast

from streamcam.annotation.roi import parse_roi
from streamcam.backends.load import load_classifier
from streamcam.choices import Method
from streamcam.errors import OptionError
from streamcam.evaluate.clips import Event, measure_clips
from streamcam.evaluate.table import Row, measure
from streamcam.explainers.clips import ClipGradCAM
from streamcam.explainers.gradcam import GradCAM
from streamcam.explainers.make import make_explainer
from streamcam.models.classifier import Classifier
from streamcam.settings import ExplainSettings, ModelSettings
from streamcam.sources.inputs import files_of


def evaluate_models(
    inputs: Sequence[str | Path],
    *,
    models: Sequence[str] = (),
    methods: Sequence[Method] = (),
    layers: Sequence[str] = (),
    model: ModelSettings = ModelSettings(),
    explain: ExplainSettings = ExplainSettings(),
    frames: int = 20,
    seed: int = 0,
    roi: Sequence[str] = (),
    events: Sequence[Event] = (),
    sanity: bool = True,
    protocols: bool = False,
    progress: Callable[[str], object] = lambda _: None,
) -> tuple[Row, ...]:
    """Measure every combination of models, methods and layers on images and videos.

    Args:
        inputs: files, folders or globs.
        models: names or paths; those of ``model`` if none.
        methods: formulas; that of ``explain`` if none.
        layers: target layers, ``a+b`` for several that are fused; those of ``explain`` if none.
        model: how each model is loaded.
        explain: how each is explained.
        frames: how many frames are changed and asked about, shared among the inputs.
        seed: of all that is random: which frames, the noise, the shuffled weights.
        roi: where the evidence ought to lie, see ``annotation.roi.parse_roi``.
        events: when the evidence of a video classifier ought to lie, ``(begin, end)`` in seconds.
        sanity: whether to randomise the models' weights, too.
        protocols: whether to measure as papers do, too; this takes seconds for each frame.
        progress: called with a line before each step.

    Returns:
        A row for each combination, models first, then methods, then layers.

    Raises:
        SourceError, ModelError, LayerError, OptionError: an input, a model, a layer or a setting cannot be used.

    Example::

        for row in streamcam.evaluate_models(["photos/"], methods=("gradcam", "layercam")):
            print(row.method, row.insertion, row.deletion)
    """
    paths = [path for given in inputs for path in files_of(given)]
    rois = [parse_roi(text) for text in roi]
    rows = []
    given: list[str | None] = [*layers] or [None]
    for name, method, layer in product(models or [model.model], methods or [explain.method], given):
        classifier = load_classifier(replace(model, model=name), cache=explain.cache)
        chosen = tuple(layer.split("+")) if layer else explain.layer
        settings = replace(explain, method=method, layer=chosen)

        def explainer(
            of: Classifier, settings: ExplainSettings = settings, trained: Classifier = classifier
        ) -> GradCAM:
            # Other weights are those of OpenVINO's graph, in which no precision needs to be measured.
            return make_explainer(
                settings if of is trained else replace(settings, engine="openvino", precision="f32"), of
            )

        def step(line: str, title: str = " ".join(filter(None, (name, method, layer)))) -> None:
            progress(f"{title}: {line}")

        if classifier.frames:
            of_clips = cast("Callable[[Classifier], ClipGradCAM]", explainer)
            rows.append(
                measure_clips(
                    paths,
                    classifier,
                    of_clips,
                    clips=frames,
                    seed=seed,
                    rois=rois,
                    events=events,
                    with_sanity=sanity,
                    progress=step,
                )
            )
            continue
        if events:
            raise OptionError(
                f"event: {name} looks at single pictures; when something happens is for video classifiers"
            )
        rows.append(
            measure(
                paths,
                classifier,
                explainer,
                frames=frames,
                seed=seed,
                rois=rois,
                with_sanity=sanity,
                with_protocols=protocols,
                progress=step,
            )
        )
    return tuple(rows)


def candidates(name: str, model: ModelSettings = ModelSettings(), *, cache: bool = True) -> tuple[str, ...]:
    """Target layers that are worth comparing: the usual one, the last that is twice as fine, and both, fused.

    Args:
        name: of the model, or its path.
        model: how it is loaded.
        cache: whether converted graphs are kept on disk.
    """
    classifier = load_classifier(replace(model, model=name), cache=cache)
    layers = classifier.network.layers(classifier)
    last = layers[-1]
    finer = [layer for layer in layers if layer.grid[-2] >= 2 * last.grid[-2]]
    finer = [layer for layer in finer if layer.kind == "Add"] or finer  # where a block ends, rather than within one
    return (last.path, finer[-1].path, f"{finer[-1].path}+{last.path}") if finer else (last.path,)


def recommended(rows: Sequence[Row]) -> Row:
    """The row that ranks best on average in insertion, deletion and ROAD."""

    def rank(of: Row, key: str, sign: int) -> int:
        values = [getattr(row, key) for row in (of, *rows)]
        if None in values:  # what is not measured of clips
            return 0
        return sum(sign * value > sign * values[0] for value in values[1:])

    return min(rows, key=lambda row: rank(row, "insertion", 1) + rank(row, "deletion", -1) + rank(row, "road", 1))
