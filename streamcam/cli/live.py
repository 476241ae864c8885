"""``streamcam live``: a camera, a stream or the screen, explained as it happens."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streamcam.cli.console import fail_with, note, say
from streamcam.cli.grouping import takes
from streamcam.cli.options import (
    CAPTURE,
    ENCODING,
    EXPLANATION,
    HEAT,
    MODEL,
    PICTURE,
    SOURCE_VARIABLE,
    LiveEvery,
    Realtime,
    Seconds,
    SourceFile,
    StatsPath,
    source_of,
)
from streamcam.settings import CaptureSettings, Encoding, ExplainSettings, HeatSettings, ModelSettings, PictureSettings

_SESSION = "Session"

_RECORDING = "Recording"


@takes(
    encoding=ENCODING.based_on(Encoding(preset="superfast"), _RECORDING),
    capture=CAPTURE,
    model=MODEL,
    explanation=EXPLANATION,
    picture=PICTURE,
    heat=HEAT,
)
def live_command(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[SOURCE]",
            envvar=SOURCE_VARIABLE,
            show_default="0",
            help="A camera's number or device path, a URL of a stream or of single pictures, a video file, "
            "or screen, screen:2, screen:640x480+100+50.",
        ),
    ] = None,
    source_file: SourceFile = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH|URL",
            help="Record from the start, to this file; or send to rtsp://…, rtmp://…, udp://….",
            rich_help_panel=_RECORDING,
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the recording if it exists.", rich_help_panel=_RECORDING)
    ] = False,
    *,
    encoding: Encoding,
    folder: Annotated[
        Path, typer.Option(help="Where s and r save snapshots and recordings.", rich_help_panel=_RECORDING)
    ] = Path(),
    target_fps: Annotated[
        float | None,
        typer.Option(
            metavar="FPS",
            min=0.1,
            help="Maps a second: not more, and a smaller input where they would be fewer.",
            rich_help_panel=_SESSION,
        ),
    ] = None,
    no_window: Annotated[
        bool, typer.Option("--no-window", help="Show nothing; record or count only.", rich_help_panel=_SESSION)
    ] = False,
    full_screen: Annotated[
        bool, typer.Option("--full-screen", help="Start in full screen.", rich_help_panel=_SESSION)
    ] = False,
    seconds: Seconds = None,
    max_frames: Annotated[
        int | None,
        typer.Option(min=1, help="End after so many frames.", show_default="never", rich_help_panel=_SESSION),
    ] = None,
    stats: StatsPath = None,
    capture: CaptureSettings,
    realtime: Realtime = True,
    model: ModelSettings,
    explanation: ExplainSettings,
    picture: PictureSettings,
    heat: HeatSettings,
    every: LiveEvery = "auto",
) -> None:
    """Show live what the model looks at, in a window; record it if you say so.

    \b
    streamcam live                              the first camera
    streamcam live /dev/v4l/by-id/usb-…-index0  the same camera, whenever it comes
    streamcam live rtsp://camera.local/stream -o hall.mp4
    streamcam live http://camera.local/snapshot.jpg --fps 2
    streamcam live screen                       what is on the screen
    streamcam live --no-window -o run.mp4 --seconds 60 --stats run.json

    The picture never waits for the model. A camera that fails is tried again.
    Nothing is recorded unless -o or r says so. Keys: q ends, h lists all.
    """  # noqa: D301 - the backspace keeps the lines of examples as they are
    from streamcam.live.watch import watch

    result = watch(
        source_of(source, source_file),
        model=model,
        explain=explanation,
        picture=picture,
        capture=capture,
        heat=heat,
        every=every,
        window=not no_window,
        full_screen=full_screen,
        output=output,
        encoding=encoding,
        overwrite=overwrite,
        folder=folder,
        target_fps=target_fps,
        seconds=seconds,
        max_frames=max_frames,
        stats=stats,
    )
    if result.sent:
        say(f"sent {result.sent} frames" + (f", {result.lost} left out" if result.lost else ""))
    for path in result.recordings:
        say(f"recorded {path}" + (f", {result.lost} frames left out" if result.lost else ""))
    done = result.stats
    note(
        f"{result.source}: {done.frames.shown} frames shown in {done.seconds:.0f} s "
        f"({done.fps.shown:.1f} fps), {done.fps.explained:.1f} maps a second, "
        f"{done.stalls} stalls, {done.reconnects} reconnects"
        + (f", {done.frames.damaged} damaged pictures left out" if done.frames.damaged else "")
    )
    for failure in result.failures:
        fail_with(failure)
    if result.interrupted:
        raise typer.Exit(130)
    if result.failures:
        raise typer.Exit(1)
