"""``streamcam models`` and ``streamcam layers``: what can be explained, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from streamcam.cli import completion
from streamcam.cli.check import ORIGINS
from streamcam.cli.console import print_table, say
from streamcam.settings import ModelSettings

if TYPE_CHECKING:
    from streamcam.models.classifier import Classifier


def models_command() -> None:
    """List the models that are known by name.

    Any other classifier works by its path: streamcam annotate clip.mp4 -m my_model.onnx
    """
    from rich.table import Table

    from streamcam.models.catalog import CATALOG

    table = Table("name", "input", "preprocess", "weights", box=None, header_style="bold")
    for entry in CATALOG.values():
        weights = "in the package" if entry.factory is None else "fetched by Keras at the first use"
        sides = (*((entry.clip.frames,) if entry.clip else ()), entry.input_size, entry.input_size)
        table.add_row(entry.name, "x".join(map(str, sides)), entry.preprocess, weights)
    print_table(table)


def layers_command(
    model: Annotated[
        str,
        typer.Argument(autocompletion=completion.models, metavar="MODEL", help="A name, or a model file or folder."),
    ],
    trust_model: Annotated[
        bool, typer.Option("--trust-model", help="Let a model file run code of its own (Lambda layers).")
    ] = False,
    imports: Annotated[
        list[str] | None,
        typer.Option(
            "--import", metavar="MODULE", help="Your installed module with the model's own layers; repeatable."
        ),
    ] = None,
    model_output: Annotated[
        str | None,
        typer.Option(metavar="NAME|INDEX", help="The output that holds the classes, where a model has several."),
    ] = None,
) -> None:
    """Show how a model is fed, and its layers that have a spatial map, in the order they run; the default target is marked.

    Weights are not needed for that, so a model by name is not fetched.
    """
    from rich.table import Table

    from streamcam.backends.load import load_classifier, weights_for_layers
    from streamcam.models.layers import choose_layers

    weights = weights_for_layers(model)
    classifier = load_classifier(
        ModelSettings(
            model=model, weights=weights, trust=trust_model, imports=tuple(imports or ()), model_output=model_output
        )
    )
    _print_facts(classifier)
    layers = classifier.network.layers(classifier)
    default = choose_layers(layers, (), classifier.name)
    table = Table("layer", "kind", "map", "channels", "", box=None, header_style="bold")
    for layer in layers:
        *grid, depth = layer.shape
        mark = "<- default target" if layer in default else ""
        table.add_row(layer.path, layer.kind, "x".join(map(str, grid)), str(depth), mark)
    print_table(table)


def _print_facts(classifier: Classifier) -> None:
    height, width = classifier.input_size
    how = classifier.preprocessing
    clip = classifier.clip
    length = f"{clip.frames} frames{' (any number)' if clip.is_free else ''} of " if clip else ""
    layout = "" if classifier.layout in ("nhwc", "nthwc") else f", {classifier.layout}"
    say(f"input       {length}{width}x{height}, {how.order}{layout}")
    say(f"preprocess  {how.name} ({ORIGINS[classifier.preprocess_from]})")
    say(f"fit         {'stretch' if classifier.fixed_size and classifier.fit == 'native' else classifier.fit}")
    say(
        f"classes     {len(classifier.labels)}: {', '.join(classifier.labels[:3])}{', …' * (len(classifier.labels) > 3)}"
    )
    if classifier.output is not None:
        say(f"output      {classifier.output}")
    say("")
