"""``streamcam live``: a camera or a stream, explained as it happens."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streamcam.cli.console import fail_with, note, say, write_json
from streamcam.cli.options import ExplainOptions, ModelOptions, PictureOptions, SourceOptions, takes
from streamcam.errors import SinkError

if TYPE_CHECKING:
    from streamcam.drawing.status import Status
    from streamcam.live.controls import Controls
    from streamcam.live.explainer import LiveExplainer
    from streamcam.live.recorder import Recorder
    from streamcam.live.stats import Stats
    from streamcam.sources.live.live import LiveSource
    from streamcam.types import Explanation, Frame, Writer

_SESSION = "Session"
_RECORDING = "Recording"


@takes(origin=SourceOptions, model=ModelOptions, explanation=ExplainOptions, picture=PictureOptions)
def live_command(
    source: Annotated[
        str, typer.Argument(metavar="[SOURCE]", help="A camera's number or device path, a URL, or a video file.")
    ] = "0",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Record from the start, to this file.", rich_help_panel=_RECORDING),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the recording if it exists.", rich_help_panel=_RECORDING)
    ] = False,
    codec: Annotated[str, typer.Option(help="Any FFmpeg encoder for yuv420p.", rich_help_panel=_RECORDING)] = "h264",
    crf: Annotated[int, typer.Option(min=0, max=63, help="Quality, lower is better.", rich_help_panel=_RECORDING)] = 22,
    preset: Annotated[
        str, typer.Option(help="The encoder's speed: ultrafast … veryslow.", rich_help_panel=_RECORDING)
    ] = "superfast",
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
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="End after so long.", show_default="never", rich_help_panel=_SESSION)
    ] = None,
    max_frames: Annotated[
        int | None,
        typer.Option(min=1, help="End after so many frames.", show_default="never", rich_help_panel=_SESSION),
    ] = None,
    stats: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Write counts, rates and delays as JSON.", rich_help_panel=_SESSION),
    ] = None,
    *,
    origin: SourceOptions,
    model: ModelOptions,
    explanation: ExplainOptions,
    picture: PictureOptions,
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
    from streamcam.live.controls import Controls
    from streamcam.live.explainer import LiveExplainer
    from streamcam.live.recorder import Recorder
    from streamcam.live.session import SessionLimit, run_session
    from streamcam.live.snapshot import free_path, save_snapshot
    from streamcam.live.stats import Stats
    from streamcam.live.window import Window, check_display
    from streamcam.sinks import Encoding
    from streamcam.sinks.partial import refuse_existing
    from streamcam.steady.heat import unsteadied
    from streamcam.steady.naming import Naming

    if not no_window:
        check_display()
    if output:
        refuse_existing(output, overwrite=overwrite)
    opened = origin.open(source)
    classifier = model.load(cache=not explanation.no_cache)

    controls = Controls(
        picture.overlay(classifier.labels),
        targets=tuple(explanation.target or ["top1"]),
        method=explanation.method,
    )
    controls.recording = output is not None
    counted = Stats(opened)
    explain = LiveExplainer(
        explanation.sized(classifier),
        controls,
        counted,
        target_fps=target_fps,
        prepare=explanation.aside(model),
        naming=None if picture.no_steady else Naming(),
    )
    given = iter([output] if output else [])
    recorder = Recorder(
        controls,
        opened.info.frame_rate,
        lambda: next(given, None) or free_path(folder, ".mp4"),
        encoding=Encoding(codec, crf, preset),
        overwrite=overwrite,
    )

    def snapshot(frame: Frame, explanation: Explanation | None) -> None:
        from streamcam.annotation.file import make_header

        try:
            header = make_header(opened.address.name, explain.current)
            header |= {"method": controls.method, "picture": controls.to_json()}
            path = save_snapshot(folder, frame, explanation, header, explain.labels, max(5, picture.top_k))
            controls.show_notice(f"saved {path}")
        except SinkError as error:
            controls.show_notice(str(error))

    interrupted = False
    with ExitStack() as stack:
        stack.enter_context(opened)
        sinks: list[Writer] = []
        if not no_window:
            status = _status(opened, controls, counted, explain, recorder)
            window = stack.enter_context(Window(controls, status, snapshot, full_screen=full_screen))
            sinks.append(counted.shows(window))
        sinks += [counted, stack.enter_context(recorder), SessionLimit(max_frames, seconds)]
        try:
            run_session(opened, explain, controls, sinks, counted, steady=unsteadied if picture.no_steady else None)
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


def _status(
    source: LiveSource, controls: Controls, stats: Stats, explain: LiveExplainer, recorder: Recorder
) -> Callable[[Frame], Status]:
    from streamcam.drawing.status import Status
    from streamcam.live.window import KEYS

    def status(frame: Frame) -> Status:
        facts = [f"camera {stats.camera_rate.value:.0f} fps", f"maps {stats.explain_rate.value:.0f} a second"]
        if explain.is_preparing:
            facts[1] = "preparing the model"
        facts.append(f"delay {1e3 * stats.delay:.0f} ms, map {1e3 * stats.map_age:.0f} ms")
        facts.append(f"{controls.method}, input {min(explain.current.size)}")
        facts += [word for word, on in (("locked", controls.locked), ("frozen", controls.frozen)) if on]
        facts.append("h: keys")
        return Status(
            tuple(facts),
            controls.notice,
            source.state.notice,
            recorder.seconds,
            KEYS if controls.helping else (),
        )

    return status
