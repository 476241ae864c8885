"""The groups of options that several commands share: the help of each field of a settings dataclass."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from streamcam.choices import Every
from streamcam.cli import completion
from streamcam.cli.grouping import OptionGroup, off, option
from streamcam.errors import OptionError
from streamcam.settings import CaptureSettings, Encoding, ExplainSettings, HeatSettings, ModelSettings, PictureSettings
from streamcam.system.addresses import redacted

CLIP_PANEL = "Video classifiers"
PICTURE_PANEL, SPEED_PANEL, SESSION_PANEL, OUTPUT_PANEL = "Picture", "Speed", "Session", "Output"

MODEL = OptionGroup(
    ModelSettings(),
    "Model",
    model=option(
        "--model",
        "-m",
        autocompletion=completion.models,
        metavar="NAME|PATH",
        help="A name ('streamcam models' lists them), or a model file or folder.",
    ),
    weights=option(metavar="imagenet|none|PATH", help="For a model by name: trained, random, or from a file."),
    labels=option(metavar="PATH", help="Class names: text, one a line, or JSON. ImageNet's are built in."),
    preprocess=option(help="How pixels become input; found from the model if not given."),
    model_output=option(metavar="NAME|INDEX", help="The output that holds the classes, where a model has several."),
    trust=option("--trust-model", help="Let a model file run code of its own (Lambda layers)."),
    imports=option("--import", metavar="MODULE", help="Your installed module with the model's own layers; repeatable."),
)

EXPLANATION = OptionGroup(
    ExplainSettings(),
    "Explanation",
    layer=option(
        autocompletion=completion.layers,
        metavar="NAME",
        help="Target layer, outer/inner for a nested one; repeat to fuse several.",
        show_default="the last with a spatial map",
    ),
    method=option(help="Formula of the heatmap. recipro-cam needs no gradients; attention is for transformers."),
    score=option(help="Which score is differentiated: before or after softmax; recipro-cam takes it after."),
    targets=option(
        "--target",
        autocompletion=completion.targets,
        metavar="top1|LABEL|INDEX",
        help="Class to explain; repeat for several. 'tiger vs zebra': what speaks for the one rather than the "
        "other. 'tiger vs similar': than for its rivals. 'not tiger': what speaks against it.",
    ),
    fit=option(
        help="What the model sees: the whole frame undistorted, squeezed, or its centre; auto: as its authors feed it."
    ),
    size=option(metavar="N", help="Short side of the model's input in pixels; the model's own if not given."),
    engine=option(help="What runs it: OpenVINO on a CPU, TensorFlow on a GPU.", rich_help_panel=SPEED_PANEL),
    precision=option(
        help="auto: the fastest that was measured to keep the heatmaps. int8, and trying it, needs NNCF: streamcam\\[int8].",
        rich_help_panel=SPEED_PANEL,
    ),
    calibrate=option(
        metavar="PATH",
        help="Pictures or a video like your own, for int8 to be calibrated on.",
        rich_help_panel=SPEED_PANEL,
    ),
    threads=option(
        min=0, metavar="N", help="Threads of the engine.", show_default="one a core", rich_help_panel=SPEED_PANEL
    ),
    check=option(
        "--check",
        help="Measure what covering the hottest tenth costs the class, beside the coldest; shown and recorded.",
    ),
    clip_frames=option(
        min=2,
        metavar="N",
        help="Frames that it looks at at once.",
        show_default="its own, else 16",
        rich_help_panel=CLIP_PANEL,
    ),
    clip_stride=option(
        min=1, metavar="N", help="Look at each Nth frame.", show_default="each", rich_help_panel=CLIP_PANEL
    ),
    clip_fps=option(
        metavar="N",
        help="Look at so many frames a second, whatever the source gives.",
        show_default="what it was trained on, where that is known",
        rich_help_panel=CLIP_PANEL,
    ),
    clip_hop=option(
        min=1, metavar="N", help="Explain after each Nth of the frames looked at.", rich_help_panel=CLIP_PANEL
    ),
    cache=off("--no-cache", help="Keep no converted model on disk.", rich_help_panel=SPEED_PANEL),
)

PICTURE = OptionGroup(
    PictureSettings(),
    PICTURE_PANEL,
    alpha=option(metavar="0…1", help="Opacity of the heatmap."),
    colormap=option(
        autocompletion=completion.colour_maps, metavar="NAME", help="Any of OpenCV's: jet, turbo, viridis, inferno, …"
    ),
    mode=option("--blend", help="Even opacity, opacity that grows with the heat, or added light."),
    top_k=option(metavar="N", help="How many labels are shown."),
    hud=off("--no-hud", help="Write nothing on the picture."),
    layout=option(
        help="Heat over the picture; heat alone, with its scale; beside the picture, each target by itself; picture, "
        "heat and both; or the picture alone."
    ),
)

HEAT = OptionGroup(
    HeatSettings(),
    "Heat",
    scale=option(
        help="What full heat is: a confident answer's evidence (weak evidence looks weak, no idea is dark), the clip's "
        "own largest, or each frame's own."
    ),
    sure=option(metavar="0…1", help="Certainty from which on the model is called sure."),
    no_idea=option(metavar="0…1", help="Certainty under which it has no idea: no heat is shown."),
    steady=off("--no-steady", help="Each frame's own map and class."),
)

ENCODING = OptionGroup(
    Encoding(),
    OUTPUT_PANEL,
    codec=option(help="Any FFmpeg encoder for yuv420p.", show_default="h264; vp9 for .webm"),
    crf=option(min=0, max=63, help="Quality, lower is better.", show_default="22; 32 for vp9 and av1"),
    preset=option(help="The encoder's speed: ultrafast … veryslow.", show_default="veryfast"),
    audio=option(help="Sound as it is where the output can hold it, all of it as AAC (Opus in .webm), or none."),
    max_width=option(min=16, metavar="N", help="Make wider pictures smaller.", show_default="480 for .gif and .webp"),
    max_fps=option(metavar="N", help="Leave out pictures beyond this rate.", show_default="15 for .gif and .webp"),
)

CAPTURE = OptionGroup(
    CaptureSettings(),
    "Source",
    width=option(min=16, help="Ask the camera for this width."),
    height=option(min=16, help="Ask the camera for this height."),
    fps=option(help="Ask the camera for this rate; of the screen 25, of single pictures 5 if not given."),
    mirror=option("--mirror", help="Flip left and right, as in a mirror."),
    loop=option("--loop", help="Start a file again at its end."),
    stall_timeout=option(
        metavar="SECONDS",
        help="Silence after which a source is opened again; three times its interval where that is longer.",
    ),
    give_up_after=option(metavar="SECONDS", help="Stop after so long without a picture.", show_default="never"),
)


def _parse_every(given: str | int) -> Every:
    text = str(given)  # defaults come as they are
    if text == "auto":
        return "auto"
    if not text.isdecimal() or int(text) < 1:
        raise typer.BadParameter(f"{text}: a number from 1 on (each Nth frame), or auto")
    return int(text)


EVERY: dict[str, Any] = {
    "parser": _parse_every,
    "metavar": "N|auto",
    "help": "Explain each Nth frame, or (auto) a frame whose picture has changed by more than motion and noise since the "
    "last one that was explained, at least one in 2 seconds. The map moves along with the picture in those between.",
    "rich_help_panel": SPEED_PANEL,
}

# Single options that several commands take.
LiveEvery = Annotated[Any, typer.Option("--every", **EVERY)]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace outputs that exist.", rich_help_panel=OUTPUT_PANEL)
]
Seconds = Annotated[
    float | None,
    typer.Option(min=0.1, help="End after so long.", show_default="never", rich_help_panel=SESSION_PANEL),
]
Realtime = Annotated[
    bool,
    typer.Option("--realtime", help="Play a file in real time: what 'live' does anyway.", rich_help_panel="Source"),
]
SourceFile = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH",
        help="A file that holds the source's address, for one with a password: other users see command lines. "
        "STREAMCAM_SOURCE may hold it, too.",
        rich_help_panel="Source",
    ),
]
SOURCE_VARIABLE = "STREAMCAM_SOURCE"


def source_of(given: str | None, file: Path | None) -> str:
    """The source by its address, or by the file that holds it; the first camera without either.

    Raises:
        OptionError: both are given, or the file cannot be read, or holds none.
    """
    if file is None:
        return given or "0"
    if given and given != os.environ.get(SOURCE_VARIABLE):
        raise OptionError(f"source-file {file}: the source is given as {redacted(given)}, too; leave one of them out")
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise OptionError(f"source-file {file}: cannot be read ({reason})") from error
    addresses = [line.strip() for line in lines if line.strip()]
    if len(addresses) != 1:
        raise OptionError(f"source-file {file}: must hold one line, the address; it holds {len(addresses)}")
    return addresses[0]


StatsPath = Annotated[
    Path | None,
    typer.Option(metavar="PATH", help="Write counts, rates and delays as JSON.", rich_help_panel=SESSION_PANEL),
]
