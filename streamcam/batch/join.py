"""The results of all parts of a video become one: packets are copied, other files joined by kind, the sound comes in once."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from streamcam.annotation.outputs import Outputs
from streamcam.choices import AudioChoice
from streamcam.errors import SinkError
from streamcam.sinks.audio import AudioCopy
from streamcam.sinks.containers import container_of, container_options
from streamcam.sinks.mark import MARK
from streamcam.sinks.partial import PartialOutput
from streamcam.types import VideoInfo


def join(
    parts: Sequence[Outputs],
    outputs: Outputs,
    info: VideoInfo,
    ticks: Sequence[int],
    audio: AudioChoice = "copy",
    *,
    overwrite: bool = True,
) -> None:
    """Put the results of all parts together.

    Args:
        parts: in their order.
        outputs: of the whole.
        info: of the source, with its sound.
        ticks: when each frame is shown, in ``info.time_base``.
        audio: what to do with the sound.
        overwrite: whether what is there may be replaced.

    Raises:
        SinkError: the parts do not fit together, or cannot be written.
    """
    for kind, path in outputs.wanted:
        if kind.join:
            _written(path, partial(kind.join, [place for part in parts if (place := part.path_of(kind))]), overwrite)
    videos = [part.media for part in parts]
    _written(outputs.media, lambda path: _join_videos(videos, path, info, ticks, audio), overwrite)


def _written(path: Path, write: Callable[[Path], None], overwrite: bool) -> None:
    output = PartialOutput(path, overwrite=overwrite)
    try:
        write(output.part)
    except OSError as error:
        output.discard()
        raise SinkError(f"{path}: cannot be joined ({error.strerror or error})") from error
    output.commit()


def _join_videos(parts: Sequence[Path], path: Path, info: VideoInfo, ticks: Sequence[int], audio: AudioChoice) -> None:
    """Packets as they are, each with the time its frame has in the whole.

    Decoding times are those of the frames shown ``delay`` places earlier, where ``delay`` is how far the encoder moves a
    frame forward at most: so they only grow, and none is later than its frame is shown.
    """
    from streamcam.system.ffmpeg import open_container

    shown = [_shown(part) for part in parts]
    if sum(map(len, shown)) != len(ticks):
        raise SinkError(f"{path}: {sum(map(len, shown))} frames in the parts instead of {len(ticks)}")
    delay = max(_delay(part, order) for part, order in zip(parts, shown, strict=True))
    step = max(1, round(1 / (info.frame_rate * info.time_base)))
    decoded = [ticks[0] - (delay - n) * step for n in range(delay)] + list(ticks)
    with open_container(path, "w", format=container_of(path).format, options=container_options(path)) as output:
        stream: Any = None
        sound: AudioCopy | None = None
        number = 0  # of the packet, in the order of decoding
        for part, order in zip(parts, shown, strict=True):
            with open_container(part) as source:
                video = source.streams.video[0]
                if stream is None:
                    stream = output.add_stream_from_template(video)
                    stream.time_base = info.time_base
                    header = video.codec_context.extradata
                    output.metadata["comment"] = MARK
                    if info.audio and audio != "none":
                        sound = AudioCopy(info, output, container_of(path), audio=audio, name=str(path))
                elif video.codec_context.extradata != header:
                    raise SinkError(f"{path}: its parts were not encoded alike")
                begin = number
                for packet in source.demux(video):
                    if packet.size == 0:
                        continue
                    rank = bisect.bisect_left(order, packet.pts or 0)
                    packet.stream, packet.time_base = stream, info.time_base
                    packet.pts, packet.dts, packet.duration = ticks[begin + rank], decoded[number], step
                    if sound:
                        sound.copy_until(float(packet.dts * info.time_base))
                    output.mux(packet)
                    number += 1
        if sound:
            sound.copy_until(float("inf"))
            sound.close()


def _shown(part: Path) -> list[int]:
    """The times of a part's packets, in the order in which they are shown."""
    from streamcam.system.ffmpeg import open_container

    with open_container(part) as source:
        return sorted(packet.pts or 0 for packet in source.demux(source.streams.video[0]) if packet.size)


def _delay(part: Path, order: Sequence[int]) -> int:
    """How many places earlier than it is shown a frame is decoded, at most."""
    from streamcam.system.ffmpeg import open_container

    with open_container(part) as source:
        packets = [packet.pts or 0 for packet in source.demux(source.streams.video[0]) if packet.size]
    return max((n - bisect.bisect_left(order, pts) for n, pts in enumerate(packets)), default=0)
