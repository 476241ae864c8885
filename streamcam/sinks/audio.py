"""Copy the source's sound into the annotated video, packet by packet: nothing is decoded or encoded again."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamcam.errors import StreamcamWarning

if TYPE_CHECKING:
    from av.container import OutputContainer


class AudioCopy:
    """Copies the audio tracks of a file into a container that is being written.

    Args:
        source: the file with the sound.
        output: the container; tracks are added to it, so it must not have been written to yet.
    """

    def __init__(self, source: Path, output: OutputContainer) -> None:
        from streamcam.system.ffmpeg import av

        self._error = av.FFmpegError
        self._output = output
        self._input = av.open(str(source.absolute()))
        self._start = (self._input.start_time or 0) / av.time_base
        self._tracks: dict[int, Any] = {}
        self._filters: dict[int, Any] = {}
        for stream in self._input.streams.audio:
            name = stream.codec_context.name if stream.codec_context else "unknown"
            if not _can_hold(output, stream):
                warnings.warn(
                    f"{source}: its {name} sound cannot be copied into {output.format.name}; the video is written "
                    "without it (use -o with a name that ends in .mkv to keep it)",
                    StreamcamWarning,
                    stacklevel=4,
                )
                continue
            self._tracks[stream.index] = output.add_stream_from_template(stream)
            if name == "aac" and not stream.codec_context.extradata and output.format.name != "mpegts":
                # AAC of a transport stream carries its description in every packet; files keep it once.
                self._filters[stream.index] = av.BitStreamFilterContext("aac_adtstoasc", stream)
        self._packets = self._read()
        self._next = next(self._packets, None)

    def copy_until(self, seconds: float) -> None:
        """Copy the packets that are due before ``seconds`` from the start of the source."""
        while self._next is not None and self._next[0] <= seconds:
            self._output.mux(self._next[1])
            self._next = next(self._packets, None)

    def close(self) -> None:
        """Close the source."""
        self._next = None
        self._input.close()

    def _read(self) -> Iterator[tuple[float, Any]]:
        """Packets in the order of the file, each with its time in seconds."""
        if not self._tracks:
            return
        steps: dict[int, int] = {}  # ticks from the source's clock to ours
        ends: dict[int, int] = {}  # where the last packet ends
        try:
            for packet in self._input.demux(list(self._input.streams.audio)):
                if packet.dts is None or packet.pts is None or packet.stream.index not in self._tracks:
                    continue
                track = packet.stream.index
                offset = steps.get(track, -round(self._start / packet.time_base))
                if track in ends and packet.dts + offset < ends[track]:
                    # The clock steps back where recordings were joined: go on where the sound was.
                    offset = ends[track] - packet.dts
                steps[track] = offset
                packet.pts += offset
                packet.dts += offset
                ends[track] = packet.dts + max(1, packet.duration or 0)
                index, seconds, time_base = packet.stream.index, float(packet.dts * packet.time_base), packet.time_base
                for ready in self._filters[index].filter(packet) if index in self._filters else [packet]:
                    ready.stream, ready.time_base = self._tracks[index], time_base
                    yield seconds, ready
        except self._error:
            return  # the file breaks off here; the source reports it


def _can_hold(output: OutputContainer, track: Any) -> bool:
    """Whether a container takes a sound track as it is: tried on one in memory, since lists of codecs promise too much."""
    from streamcam.system.ffmpeg import av

    if track.codec_context is None:
        return False
    try:
        with av.open(io.BytesIO(), "w", format=output.format.name) as trial:
            trial.add_stream_from_template(track)
            trial.start_encoding()
    except (av.FFmpegError, ValueError):
        return False
    return True
