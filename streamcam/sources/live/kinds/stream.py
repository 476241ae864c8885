"""Read a network stream: whole pictures only, each as soon as it is there, and films over the network in real time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

from streamcam.errors import SourceError
from streamcam.settings import CaptureSettings
from streamcam.sources.conversion import Conversion, Timed
from streamcam.sources.hdr import tone_map_of
from streamcam.sources.live.address import PROTOCOLS
from streamcam.sources.live.kinds.events import Event, LeftOut, Shot, Waits, wait_until
from streamcam.sources.live.kinds.whole import WholePictures
from streamcam.sources.orientation import Orientation, read_matrix
from streamcam.sources.refusal import codec_name

_MOST_AHEAD = 0.2  # seconds that a film may come before its time
_LONGEST_HELD = 600.0  # seconds; a clock that jumps further is not believed
_SIGN_EVERY = 0.5  # seconds between two words that the source is alive
_BLIND = 3.0  # seconds of data without a picture that are worth a word
_SLOWEST = 60.0  # seconds between pictures that a stream may promise
_SILENCE = 600.0  # seconds that a read may take: whoever waits for the pictures decides how long that may be
_SINGLE = ("jpeg_pipe", "png_pipe")  # as which FFmpeg reads an address that gives one picture a request
_SEGMENTED = ("hls", "dash")  # come in bursts of several seconds


def stream_pictures(url: str, settings: CaptureSettings) -> Iterator[Event]:
    """The pictures of a network stream, or of an address that gives one picture a request.

    Raises:
        SourceError: it has no picture in it, or none that can be decoded.
        av.FFmpegError: it cannot be opened, or it broke.
    """
    from streamcam.system.ffmpeg import av, open_container

    options = {
        "protocol_whitelist": PROTOCOLS,
        "flags": "low_delay",
        "analyzeduration": "1000000",
        "fpsprobesize": "0",  # a rate is not needed, and to learn that of a slow stream takes many of its pictures
        "rw_timeout": str(round(_SILENCE * 1e6)),
    }
    if url.lower().startswith("rtsp"):
        options["rtsp_transport"] = "tcp"
    with open_container(url, options=options, timeout=(settings.open_timeout, _SILENCE)) as container:
        if container.format.name not in _SINGLE or not url.lower().startswith("http"):
            yield from _decoded(container, av.FFmpegError)
            return
    from streamcam.sources.live.kinds.snapshots import snapshot_pictures

    yield from snapshot_pictures(url, fps=settings.fps, timeout=settings.open_timeout)


def _decoded(container: Any, undecodable: type[Exception]) -> Iterator[Event]:
    """The pictures of an open stream, with words that it is alive where none come for a while."""
    stream = _track(container)
    stream.thread_type = "SLICE"  # threads that work on several frames at once would each hold one back
    codec, interval = stream.codec_context.name, _promised_interval(stream)
    whole, pace = WholePictures(codec), _Pace(container)
    conversion: Conversion | None = None
    said = seen = time.perf_counter()
    for packet in container.demux():
        arrived = time.perf_counter()
        is_dropped = not packet.size and packet.dts is not None  # in AVI; to a decoder it would mean the end
        if packet.stream.index == stream.index and not is_dropped:
            try:
                frames = packet.decode()
            except undecodable:
                frames = None
            kept, left_out = whole.sort_out(packet, frames, arrived)
            if left_out:
                yield LeftOut(left_out)
            if kept and conversion is None:
                conversion = _conversion_of(kept[0])
            ready = [*kept, None] if not packet.size else kept
            for image, at in _converted(conversion, ready):
                yield from pace.wait(at)
                said = seen = time.perf_counter()
                yield Shot(image, max(arrived, pace.waited_until))
                if interval:
                    yield Waits(interval)
        if time.perf_counter() - said > _SIGN_EVERY:
            said = time.perf_counter()
            is_blind = said - seen > _BLIND and not pace.is_wanted
            yield Waits(reason=f"data comes, but no whole {codec} picture is in it" if is_blind else "")


def _track(container: Any) -> Any:
    """The stream of pictures, which can be decoded."""
    from streamcam.system.ffmpeg import av

    attached = av.stream.Disposition.attached_pic
    tracks = [track for track in container.streams.video if not track.disposition & attached]
    if not tracks:
        raise SourceError("it has sound, but no picture" if container.streams.audio else "it has no picture in it")
    for track in tracks:
        if track.codec_context is not None:
            return track
    raise SourceError(f"its pictures are {codec_name(container, tracks[0])}, which cannot be decoded here")


def _conversion_of(frame: Any) -> Conversion:
    """What makes pictures of a stream's frames: upright, deinterlaced, in normal range."""
    side = {data.type.name: bytes(data) for data in frame.side_data}
    orientation = read_matrix(side["DISPLAYMATRIX"]) if "DISPLAYMATRIX" in side else Orientation()
    return Conversion(orientation, tone_map_of(frame.color_trc, frame.color_primaries))


def _converted(conversion: Conversion | None, frames: Iterable[Any]) -> Iterator[Timed]:
    if conversion is not None:
        for frame in frames:
            yield from conversion.pictures(frame)


def _promised_interval(stream: Any) -> float:
    """Seconds between two pictures of a stream that says it is slow, or 0."""
    rate = stream.average_rate or stream.guessed_rate
    interval = float(1 / rate) if rate else 0.0
    return interval if 1.0 <= interval <= _SLOWEST else 0.0


class _Pace:
    """Holds pictures back until they are due, where they come faster than they are to be seen: films, and segments.

    Args:
        container: PyAV's.
    """

    def __init__(self, container: Any) -> None:
        self.is_wanted = bool(container.duration) or container.format.name in _SEGMENTED
        self.waited_until = 0.0
        self._began: float | None = None

    def wait(self, at: float | None) -> Iterator[Waits]:
        """Wait for the moment of a picture of this time in seconds."""
        if not self.is_wanted or at is None:
            return
        now = time.perf_counter()
        if self._began is None or abs(self._began + at - now) > _LONGEST_HELD:
            self._began = now - at
        due = self._began + at - _MOST_AHEAD
        if due > now:
            yield from wait_until(due)
            self.waited_until = time.perf_counter()
