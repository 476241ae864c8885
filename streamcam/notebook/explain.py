"""``explain``: one picture in, its explanation out, in one line; ``explain_all`` for many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamcam.choices import EngineName, FitChoice, Method, PrecisionChoice, Score
from streamcam.errors import StreamcamError
from streamcam.images import check_images
from streamcam.models.catalog import BUNDLED
from streamcam.notebook.images import Order, name_of_picture, picture_of
from streamcam.notebook.kept import explainer_of
from streamcam.notebook.picture import ExplainedPicture
from streamcam.pipeline.prefetch import prefetch
from streamcam.sources.content import IMAGE_SUFFIXES
from streamcam.types import Targets, UInt8Array

if TYPE_CHECKING:
    from streamcam.notebook.kept import Model


def explain(
    image: Any,
    targets: Targets | str | int = "top1",
    *,
    model: Model = BUNDLED,
    order: Order | None = None,
    method: Method = "gradcam",
    layer: str | tuple[str, ...] | None = None,
    score: Score = "logit",
    fit: FitChoice = "auto",
    size: int | None = None,
    engine: EngineName = "auto",
    precision: PrecisionChoice = "auto",
) -> ExplainedPicture:
    """Explain one picture: what does the model say, and which part of the picture makes it say so?

    The model is loaded and compiled at the first call; the next one with the same model and options takes milliseconds.

    Args:
        image: a path, the URL of a file, a PIL image, a Keras or PyTorch tensor, or a NumPy array with its ``order``.
        targets: the classes to explain, one or several: a rank (``top1``), a label, a class index, ``"tiger vs zebra"``,
            ``"not tiger"``.
        model: a name that ``streamcam models`` lists, the path of a model file, a Keras model, or a ``Classifier`` of
            ``load_model``, which can say more about labels and preprocessing.
        order: ``"rgb"`` or ``"bgr"``, of a NumPy array.
        method: the formula of the heatmap, see ``GradCAM``, as for all that follow.
        layer: path of the target layer, or several; None for the last with a spatial map.
        score: which score is differentiated, ``logit`` or ``probability``.
        fit: what the model sees: ``native``, ``stretch``, ``crop`` or ``auto``.
        size: short side of the model's input in pixels.
        engine: what runs it.
        precision: what it computes in.

    Returns:
        What shows itself in a notebook, and can be asked on.

    Raises:
        SourceError: there is no such file, or it is no picture.
        OptionError: it is no picture, or an option is outside its range.
        ModelError, LayerError, TargetError: there is no such model, layer or class.

    Example::

        import streamcam

        streamcam.explain("zoo.jpg")
        streamcam.explain("zoo.jpg", "tiger", model="resnet50").save("tiger.png")
    """
    options = {"method": method, "layer": layer, "score": score, "fit": fit, "size": size}
    picture = picture_of(image, order)
    explainer = explainer_of(model, **options, engine=engine, precision=precision)
    return ExplainedPicture(picture, explainer(picture, targets), explainer, name_of_picture(image))


def explain_all(
    images: Iterable[Any] | str | PathLike[str],
    targets: Targets | str | int = "top1",
    *,
    order: Order | None = None,
    failed: Callable[[Any, StreamcamError], object] | None = None,
    **options: Any,
) -> Iterator[ExplainedPicture]:
    """Explain many pictures, each as soon as it is asked for; the next one is read meanwhile.

    Args:
        images: whatever ``explain`` takes, any number of them; or a folder, for the images in it by name.
        targets: see ``explain``.
        order: see ``explain``.
        failed: called with what cannot be read and the error, and the next picture is taken; if None, the error is raised.
        options: those of ``explain``.

    Example::

        for result in streamcam.explain_all("photos/", model="resnet50"):
            print(result.name, result.top(1))
    """
    with closing(prefetch(_read(_listed(images), order))) as read:
        for given, picture in read:
            if isinstance(picture, StreamcamError):
                if failed is None:
                    raise picture
                failed(given, picture)
                continue
            result = explain(picture, targets, order="bgr", **options)
            yield replace(result, name=name_of_picture(given))


def _listed(images: Iterable[Any] | str | PathLike[str]) -> Iterable[Any]:
    if not isinstance(images, str | PathLike):
        check_images(images)
        return images
    folder = Path(images)
    if not folder.is_dir():
        return [images]
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)


def _read(images: Iterable[Any], order: Order | None) -> Iterator[tuple[Any, UInt8Array | StreamcamError]]:
    for given in images:
        try:
            picture: UInt8Array | StreamcamError = picture_of(given, order)
        except StreamcamError as error:
            picture = error
        yield given, picture
