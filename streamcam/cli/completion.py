"""What the shell completes: names of models, layers of the named model, its labels, colour maps."""

from __future__ import annotations

import glob
import warnings
from collections.abc import Iterable
from typing import Any

import typer

_RANKS = ("top1", "top2", "top3", "top4", "top5")


def models(incomplete: str) -> list[str]:
    """Names of the catalog, and model files below what was written so far."""
    from streamcam.backends.format import ENDINGS
    from streamcam.models.catalog import CATALOG

    files = [path for path in glob.glob(f"{glob.escape(incomplete)}*") if path.endswith(tuple(ENDINGS))]  # noqa: PTH207
    return _beginning([*CATALOG, *sorted(files)], incomplete)


def layers(ctx: typer.Context, incomplete: str) -> list[str]:
    """Paths of the layers that can be explained, of the model that is named before; none where it cannot be read."""
    classifier = _classifier(ctx, layers=True)
    return _beginning([layer.path for layer in classifier.network.layers(classifier)], incomplete) if classifier else []


def targets(ctx: typer.Context, incomplete: str) -> list[str]:
    """Ranks, and the labels of the model that is named before."""
    classifier = _classifier(ctx)
    return _beginning([*_RANKS, *(classifier.labels if classifier else ())], incomplete)


def colour_maps(incomplete: str) -> list[str]:
    """OpenCV's colour maps."""
    from streamcam.drawing.colours import colormap_names

    return _beginning(colormap_names(), incomplete)


def _beginning(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in words if word.casefold().startswith(incomplete.casefold())]


def _classifier(ctx: typer.Context, *, layers: bool = False) -> Any:
    """The model of a command line that is being written. What is wrong with it is said when it is run."""
    from streamcam.backends.load import load_model, weights_for_layers
    from streamcam.models.catalog import BUNDLED

    given = ctx.params.get("model") or BUNDLED
    model = given[-1] if isinstance(given, list | tuple) else given
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            weights = weights_for_layers(str(model)) if layers else "imagenet"
            return load_model(model, labels=ctx.params.get("labels"), weights=weights)
    except Exception:  # a shell must not be written into
        return None
