"""Watch a camera, a stream, a file or the screen live, in a window, recorded or sent on: all that ``streamcam live`` does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamcam.annotation.file import make_header
from streamcam.backends.load import load_classifier
from streamcam.choices import Every
from streamcam.drawing.overlay import make_overlay
from streamcam.drawing.status import Status
from streamcam.errors import SinkError, StreamcamError
from streamcam.live.controls import Controls
from streamcam.live.explainer import ControlledExplainer, LiveExplainer, preparation, sized_explainers
from streamcam.live.recorder import Recorder
from streamcam.live.sender import Sender
from streamcam.live.session import SessionLimit, run_session
from streamcam.live.snapshot import free_path, save_snapshot
from streamcam.live.stats import Stats
from streamcam.live.summary import SessionStats, write_stats
from streamcam.live.trouble import TroubleTeller
from streamcam.live.window import KEYS, Window, check_display
from streamcam.protocols import Explainer, LiveFeed, Writer
from streamcam.settings import CaptureSettings, Encoding, ExplainSettings, HeatSettings, ModelSettings, PictureSettings
from streamcam.sinks.partial import refuse_existing
from streamcam.sources.live.live import LiveSource
from streamcam.steady.heat import make_steady
from streamcam.steady.naming import SteadyNaming
from streamcam.types import Explanation, Frame

_RECORDED_CLASSES = 5


@dataclass(frozen=True, slots=True)
class LiveResult:
    """What a live session did.

    Attributes:
        source: what may be shown of where the frames came from: no password.
        stats: counts, rates and delays.
        input_size: short side of the model's input at the end, in pixels; None where the explainer does not say.
        recordings: the files that were recorded, complete.
        sent: how many frames an address has taken, where ``output`` is one.
        lost: frames that are missing in the recordings, or were not sent, because the encoder or the receiver was busy.
        failures: why recordings ended early, or why the address takes nothing at the end.
        interrupted: whether Ctrl-C ended it.

    Example: ``watch(0, seconds=60).stats.fps.shown``.
    """

    source: str
    stats: SessionStats
    input_size: int | None
    recordings: tuple[Path, ...]
    sent: int
    lost: int
    failures: tuple[StreamcamError, ...]
    interrupted: bool


def watch(
    source: str | int | Path | LiveFeed = 0,
    *,
    model: ModelSettings = ModelSettings(),
    explain: ExplainSettings | Explainer = ExplainSettings(),
    picture: PictureSettings = PictureSettings(),
    capture: CaptureSettings = CaptureSettings(),
    heat: HeatSettings = HeatSettings(),
    every: Every = "auto",
    window: bool = True,
    full_screen: bool = False,
    output: str | Path | None = None,
    encoding: Encoding = Encoding(preset="superfast"),
    overwrite: bool = False,
    folder: Path = Path(),
    target_fps: float | None = None,
    seconds: float | None = None,
    max_frames: int | None = None,
    sinks: Sequence[Writer] = (),
    stats: Path | None = None,
) -> LiveResult:
    """Explain a live source as it happens, until its window is closed, it is long enough, the source ends, or Ctrl-C comes.

    The picture never waits for the model: each frame is shown at once, with the newest map there is. A source that fails
    or is not there is tried again, see ``LiveSource``.

    Args:
        source: a camera's number, a device path, a URL, a file, ``screen``, or a source object, which is ended and not
            opened anew.
        model: which classifier; of no use with an explainer of one's own.
        explain: what is explained, and how; or an explainer of one's own.
        picture: how it is drawn.
        capture: how the source is read; of no use with a source object.
        heat: how raw evidence becomes shown heat.
        every: explain each Nth frame only, or (``auto``) those whose picture has changed by more than motion; without
            ``steady`` heat, which moves along, ``auto`` explains each.
        window: whether to open a window, whose keys change the session (h lists them).
        full_screen: whether the window starts that way.
        output: file to record to from the start, or an address to send to (``rtsp://``, ``rtmp://``, ``udp://``; what
            receives there may come and go), or None.
        encoding: how recordings are compressed.
        overwrite: whether ``output`` may be replaced where it exists.
        folder: where the window's keys save snapshots and further recordings.
        target_fps: maps a second: not more, and a smaller input of the model where they would be fewer.
        seconds: end after so long.
        max_frames: end after so many frames.
        sinks: who else takes the frames as they are shown. They are not closed here.
        stats: file for counts, rates and delays as JSON, which is written after an error too.

    Raises:
        SourceError: the source can be none, or gave no picture for ``capture.give_up_after`` seconds, or is a file that
            cannot be read.
        MissingLibraryError: the source is the screen, and there is no library to read it.
        SinkError: there is no display for a window, or a file cannot be written. A recording that fails ends alone.
        ModelError, TargetError, OptionError: the model, its classes or a setting.

    Example::

        result = streamcam.watch("rtsp://camera.local/stream", output="hall.mp4", window=False, seconds=60)
        print(result.stats.fps.shown)
    """
    steady = make_steady(heat)
    if window:
        check_display()
    address = str(output) if output and "://" in str(output) else ""
    path = Path(output) if output and not address else None
    if path:
        refuse_existing(path, overwrite=overwrite)
    feed = LiveSource(source, capture) if isinstance(source, str | int | Path) else source
    sender = _sender_to(address, feed, encoding) if address else None
    counted = Stats(feed)
    controls, explainer = _controlled(
        model, explain, picture, counted, target_fps=target_fps, steady=heat.steady, every=every
    )
    controls.recording = path is not None
    first = iter([path] if path else [])
    recorder = Recorder(
        controls,
        feed.info.frame_rate,
        lambda: next(first, None) or free_path(folder, ".mp4"),
        encoding=encoding,
        overwrite=overwrite,
    )
    interrupted = False
    with ExitStack() as stack:
        stack.enter_context(feed)
        shown: list[Writer] = []
        if window:
            status = _status_of(feed, controls, counted, explainer, recorder)
            snapshot = _snapshot_to(folder, feed.name, controls, explainer, max(_RECORDED_CLASSES, picture.top_k))
            screen = stack.enter_context(Window(controls, status, snapshot, full_screen=full_screen))
            shown.append(counted.shows(screen))
        else:
            shown.append(TroubleTeller(feed))
        shown += [counted, *sinks, stack.enter_context(recorder)]
        if sender:
            shown.append(stack.enter_context(sender))
        shown.append(SessionLimit(max_frames, seconds))
        try:
            run_session(feed, explainer, controls, shown, counted, steady=steady)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            if stats:
                write_stats(stats, counted.to_json() | {"source": feed.name, "size": explainer.input_size})
    return LiveResult(
        source=feed.name,
        stats=counted.summary(),
        input_size=explainer.input_size,
        recordings=tuple(recorder.saved),
        sent=sender.sent if sender else 0,
        lost=recorder.lost + (sender.lost if sender else 0),
        failures=(*recorder.failures, *([sender.failure] if sender and sender.failure else [])),
        interrupted=interrupted,
    )


def _sender_to(address: str, feed: LiveFeed, encoding: Encoding) -> Sender:
    """What sends to an address what is shown."""
    from streamcam.sinks.stream import StreamSink

    def connect() -> StreamSink:
        return StreamSink(address, feed.info.frame_rate, encoding=encoding, failed=lambda line: None)

    connect().close()  # so that an address of a wrong kind is said before a model is loaded
    return Sender(connect)


def _controlled(
    model: ModelSettings,
    explain: ExplainSettings | Explainer,
    picture: PictureSettings,
    stats: Stats,
    *,
    target_fps: float | None,
    steady: bool,
    every: Every,
) -> tuple[Controls, ControlledExplainer[Any]]:
    """The controls of the session, and the explainer that follows them."""
    every = every if steady or every != "auto" else 1
    if not isinstance(explain, ExplainSettings):
        controls = Controls(make_overlay(picture, explain.labels), targets=(), methods=())
        return controls, ControlledExplainer(explain, controls, stats, target_fps=target_fps, every=every)
    classifier = load_classifier(model, cache=explain.cache)
    controls = Controls(
        make_overlay(picture, classifier.labels),
        targets=explain.targets,
        method=explain.method,
        checking=explain.check,
    )
    explainer = LiveExplainer(
        sized_explainers(explain, classifier),
        controls,
        stats,
        target_fps=target_fps,
        prepare=preparation(model, explain),
        naming=SteadyNaming() if steady else None,
        every=every,
    )
    return controls, explainer


def _snapshot_to(
    folder: Path, source: str, controls: Controls, explain: ControlledExplainer[Any], top_k: int
) -> Callable[[Frame, Explanation | None], None]:
    """What saves a snapshot with its record, and shows a notice of it."""

    def snapshot(frame: Frame, explanation: Explanation | None) -> None:
        try:
            header = make_header(source, explain) | {"picture": controls.to_json()}
            path = save_snapshot(folder, frame, explanation, header, explain.labels, top_k)
            controls.show_notice(f"saved {path}")
        except SinkError as error:
            controls.show_notice(str(error))

    return snapshot


def _status_of(
    source: LiveFeed, controls: Controls, stats: Stats, explain: ControlledExplainer[Any], recorder: Recorder
) -> Callable[[Frame], Status]:
    """What gives the window its lines around the picture."""

    def status(frame: Frame) -> Status:
        maps = stats.explain_rate.value
        facts = [f"camera {stats.camera_rate.value:.0f} fps", f"maps {maps:.0f} a second" if maps else "map kept"]
        if explain.is_preparing:
            facts[1] = "preparing the model"
        facts.append(f"delay {1e3 * stats.delay:.0f} ms, map {1e3 * stats.map_age:.0f} ms")
        facts.append(", ".join(_settings_of(explain)))
        facts += [word for word, on in (("locked", controls.locked), ("frozen", controls.frozen)) if on]
        facts.append("h: keys")
        keys = KEYS if controls.helping else ()
        return Status(tuple(facts), controls.notice, source.state.notice, recorder.seconds, keys)

    return status


def _settings_of(explain: ControlledExplainer[Any]) -> list[str]:
    """Formula and input size, as far as the explainer says them."""
    method, size = explain.describe().get("method"), explain.input_size
    return [*([str(method)] if method else []), *([f"input {size}"] if size else [])]
