"""``streamcam models`` and ``streamcam layers``: what can be explained, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from streamcam.settings import ModelSettings

if TYPE_CHECKING:
    from rich.table import Table


def models_command() -> None:
    """List the models that are known by name.

    Any other Keras classifier works by its path: streamcam annotate clip.mp4 -m my_model.keras
    """
    from rich.table import Table

    from streamcam.models.catalog import CATALOG

    table = Table("name", "input", "preprocess", "weights", box=None, header_style="bold")
    for entry in CATALOG.values():
        weights = "in the package" if entry.factory is None else "fetched by Keras at the first use"
        table.add_row(entry.name, f"{entry.input_size}x{entry.input_size}", entry.preprocess, weights)
    _print(table)


def layers_command(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A name, or a .keras or .h5 file.")],
    trust_model: Annotated[
        bool, typer.Option("--trust-model", help="Let a model file run code of its own (Lambda layers).")
    ] = False,
) -> None:
    """List the layers of a model that have a spatial map, in the order they run. The default target is marked.

    Weights are not needed for that, so a model by name is not fetched.
    """
    from rich.table import Table

    from streamcam.models.layers import choose_layer, list_layers
    from streamcam.models.loading import is_model_file, load_classifier

    weights = "imagenet" if is_model_file(model) else "none"
    classifier = load_classifier(ModelSettings(model=model, weights=weights, trust=trust_model))
    channels = 1 if classifier.preprocessing.order == "gray" else 3
    layers, _ = list_layers(classifier.model, (*classifier.input_size, channels))
    default = choose_layer(layers, None, classifier.name)
    table = Table("layer", "kind", "map", "channels", "", box=None, header_style="bold")
    for layer in (layer for layer in layers if layer.is_spatial):
        _, height, width, depth = layer.tensor.shape
        mark = "<- default target" if layer.path == default.path else ""
        table.add_row(layer.path, layer.kind, f"{height}x{width}", str(depth), mark)
    _print(table)


def _print(table: Table) -> None:
    from rich.console import Console

    console = Console()
    # Into a pipe or a file go whole lines, however long.
    console.print(table, width=None if console.is_terminal else 200)
