"""``streamcam live``: a camera or a stream, explained as it happens."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamcam.cli.console import fail_with, note, say, write_json
from streamcam.cli.grouping import takes
from streamcam.cli.options import (
    CAPTURE,
    ENCODING,
    EXPLANATION,
    MODEL,
    PICTURE,
    NoSteady,
    Overwrite,
    Realtime,
    Seconds,
    StatsPath,
)
from streamcam.errors import SinkError
from streamcam.settings import CaptureSettings, Encoding, ExplainSettings, ModelSettings, PictureSettings

if TYPE_CHECKING:
    from streamcam.drawing.status import Chrome
    from streamcam.live.controls import Controls
    from streamcam.live.recorder import Recorder
    from streamcam.live.session import Steered
    from streamcam.live.stats import Stats
    from streamcam.protocols import Writer
    from streamcam.sources.live.live import LiveSource
    from streamcam.types import Explanation, Frame

_SESSION = "Session"
_RECORDING = "Recording"


@takes(
    encoding=ENCODING.based_on(Encoding(preset="superfast"), _RECORDING),
    capture=CAPTURE,
    model=MODEL,
    explanation=EXPLANATION,
    picture=PICTURE,
)
def live_command(
    source: Annotated[
        str, typer.Argument(metavar="[SOURCE]", help="A camera's number or device path, a URL, or a video file.")
    ] = "0",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Record from the start, to this file.", rich_help_panel=_RECORDING),
    ] = None,
    overwrite: Overwrite = False,
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
    no_steady: NoSteady = False,
) -> None:
    """Show live what the model looks at, in a window, and record it if you say so.

    \b
    streamcam live                              the first camera
    streamcam live /dev/v4l/by-id/usb-…-index0  the same camera after it was plugged in again
    streamcam live rtsp://camera.local/stream -o hall.mp4
    streamcam live clip.mp4 --loop              a file, in real time
    streamcam live --no-window -o run.mp4 --seconds 60 --stats run.json

    The picture never waits for the model: each frame is shown at once, with the newest map there is.
    A camera that fails or is not there is tried again without end. Nothing is recorded unless -o or r says so.
    Keys: q quit, space freeze, s snapshot, r record, 1-5 explain the class of that rank, l lock it, h all of them.
    """  # noqa: D301 - the backspace keeps the lines of examples as they are
    from dataclasses import asdict

    from streamcam.drawing.overlay import make_overlay
    from streamcam.live.controls import Controls
    from streamcam.live.recorder import Recorder
    from streamcam.live.session import Limit, Steered, preparation, sized_explainers, watch
    from streamcam.live.snapshot import free_path, save_snapshot
    from streamcam.live.stats import Stats
    from streamcam.live.window import Window, check_display
    from streamcam.models.loading import load_classifier
    from streamcam.sinks.partial import refuse_existing
    from streamcam.sources.live.live import LiveSource
    from streamcam.steady.heat import unsteadied
    from streamcam.steady.naming import SteadyNaming

    if not no_window:
        check_display()
    if output:
        refuse_existing(output, overwrite=overwrite)
    opened = LiveSource(source, **asdict(capture))
    classifier = load_classifier(model, cache=explanation.cache)

    controls = Controls(
        make_overlay(picture, classifier.labels),
        targets=explanation.targets,
        method=explanation.method,
    )
    controls.recording = output is not None
    counted = Stats(opened)
    explain = Steered(
        sized_explainers(explanation, classifier),
        controls,
        counted,
        target_fps=target_fps,
        prepare=preparation(model, explanation),
        naming=None if no_steady else SteadyNaming(),
    )
    given = iter([output] if output else [])
    recorder = Recorder(
        controls,
        opened.info.frame_rate,
        lambda: next(given, None) or free_path(folder, ".mp4"),
        encoding=encoding,
        overwrite=overwrite,
    )

    def snapshot(frame: Frame, explanation: Explanation | None) -> None:
        from streamcam.annotation.file import make_header

        try:
            header = make_header(opened.address.name, explain.current)
            header |= {"method": controls.method, "picture": controls.to_json()}
            path = save_snapshot(folder, frame, explanation, header, explain.labels, max(5, picture.top_k))
            controls.tell(f"saved {path}")
        except SinkError as error:
            controls.tell(str(error))

    interrupted = False
    with ExitStack() as stack:
        stack.enter_context(opened)
        sinks: list[Writer] = []
        if not no_window:
            chrome = _chrome(opened, controls, counted, explain, recorder)
            window = stack.enter_context(Window(controls, chrome, snapshot, full_screen=full_screen))
            sinks.append(counted.shows(window))
        sinks += [counted, stack.enter_context(recorder), Limit(max_frames, seconds)]
        try:
            watch(opened, explain, controls, sinks, counted, steady=unsteadied if no_steady else None)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            if stats:
                write_json(
                    stats, counted.to_json() | {"source": opened.address.name, "size": min(explain.current.size)}
                )
    for path in recorder.saved:
        say(f"recorded {path}" + (f", {recorder.lost} frames left out" if recorder.lost else ""))
    summary = counted.to_json()
    note(
        f"{opened.address.name}: {summary['frames']['shown']} frames shown in {summary['seconds']:.0f} s "
        f"({summary['fps']['shown']:.1f} fps), {summary['fps']['explained']:.1f} maps a second, "
        f"{summary['stalls']} stalls, {summary['reconnects']} reconnects"
    )
    for failure in recorder.failures:
        fail_with(failure)
    if interrupted:
        raise typer.Exit(130)
    if recorder.failures:
        raise typer.Exit(1)


def _chrome(
    source: LiveSource, controls: Controls, stats: Stats, explain: Steered, recorder: Recorder
) -> Callable[[Frame], Chrome]:
    from streamcam.drawing.status import Chrome
    from streamcam.live.window import KEYS

    def chrome(frame: Frame) -> Chrome:
        facts = [f"camera {stats.camera_rate.value:.0f} fps", f"maps {stats.explain_rate.value:.0f} a second"]
        if explain.is_preparing:
            facts[1] = "preparing the model"
        facts.append(f"delay {1e3 * stats.delay:.0f} ms, map {1e3 * stats.map_age:.0f} ms")
        facts.append(f"{controls.method}, input {min(explain.current.size)}")
        facts += [word for word, on in (("locked", controls.locked), ("frozen", controls.frozen)) if on]
        facts.append("h: keys")
        return Chrome(
            tuple(facts),
            controls.notice,
            source.state.notice,
            recorder.seconds,
            KEYS if controls.helping else (),
        )

    return chrome
