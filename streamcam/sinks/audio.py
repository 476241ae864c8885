"""Put the source's sound into the annotated video: its packets as they are, and encoded anew only where they do not fit."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamcam.choices import AudioChoice
from streamcam.errors import StreamcamWarning
from streamcam.sinks.containers import Container
from streamcam.sinks.tracks import CopiedTrack, EncodedTrack, Track
from streamcam.system.clock import Clock, is_straight, may_jump
from streamcam.types import VideoInfo

if TYPE_CHECKING:
    from av.container import OutputContainer

_TRIED_PACKETS = 8  # of a track
_TRIED_FAR = 4000  # packets of all tracks among which they are looked for
_MPEG_LAYERS = ("mp1", "mp2")
_DAMAGED_IN_A_ROW = 1000  # reads that fail one after the other: the file has ended
_EARLIER = 1.0  # seconds before a cut with which reading begins
_LONGEST_GAP = 10.0  # seconds; more is another recording
_SHORT = 0.1  # seconds that a packet may last
_OVERLAP = 0.004  # seconds that the times of packets may go back; coarse clocks round
_PREROLL = 1  # packets before a cut that the decoder of the first one needs


class AudioCopy:
    """The sound tracks of a file, into a container that is being written, with their language, title and default flag.

    Whether the container holds a track is tried: its first packets are written in memory, and found again. Damaged packets
    are passed over, and counted in ``damaged``.

    Args:
        info: of the video: the file with the sound, and which part of it.
        output: the container; tracks are added to it, so it must not have been written to yet.
        kind: of the container.
        audio: what to do with the sound; ``none`` is for the caller.
        name: of the output, in messages.
    """

    def __init__(
        self, info: VideoInfo, output: OutputContainer, kind: Container, *, audio: AudioChoice = "copy", name: str = ""
    ) -> None:
        from streamcam.system.ffmpeg import av

        assert info.audio
        self.damaged = 0
        self._av, self._source, self._output, self._kind = av, info.audio, output, kind
        self._end = float("inf") if info.audio_end is None else info.audio_end - info.audio_start
        self._cut = info.audio_start
        self._input = open_near(info.audio, self._cut)
        self._may_miss = may_jump(self._input)
        self._tracks: dict[int, Track] = {}
        self._add_tracks(audio, name or str(getattr(output, "name", "")))
        self._packets = self._read()
        self._next = next(self._packets, None)

    def _add_tracks(self, audio: AudioChoice, name: str) -> None:
        ending = "." + name.rpartition(".")[2] if "." in name else f"this output ({self._output.format.name})"
        samples = first_packets(self._source, self._cut, self._cut + self._end)
        changed, lost = [], []
        for stream in self._input.streams.audio:
            codec, sample = codec_of(stream), samples.get(stream.index, [])
            if not sample:
                continue  # nothing is in it
            if audio == "copy" and can_hold(self._kind, self._output.format.name, stream, sample):
                self._tracks[stream.index] = CopiedTrack(stream, self._output)
                continue
            try:
                self._tracks[stream.index] = EncodedTrack(stream, self._output, self._kind.audio, end=self._end)
                changed.append(codec)
            except (self._av.FFmpegError, ValueError, AttributeError):
                lost.append(codec)
        if changed and audio == "copy":
            new = "Opus" if self._kind.audio == "libopus" else "AAC"
            remedy = "" if ending == ".mkv" else "; .mkv keeps most kinds as they are"
            _say(f"{self._source}: {ending} cannot hold its {_named(changed)} sound, which becomes {new}{remedy}")
        if lost:
            _say(f"{self._source}: its {_named(lost)} sound cannot be decoded or put into {ending}; it is left out")

    def copy_until(self, seconds: float) -> None:
        """Write the packets that are due before ``seconds`` from the first frame."""
        while self._next is not None and self._next[0] <= seconds:
            try:
                self._output.mux(self._next[1])
            except (self._av.InvalidDataError, self._av.ArgumentError, self._av.PatchWelcomeError):
                self.damaged += 1  # the container finds that it is no sound
            self._next = next(self._packets, None)

    def close(self) -> None:
        """Close the source, and say how much of its sound was damaged."""
        self._next = None
        self._packets.close()
        self._input.close()
        if self.damaged:
            some = "packets of its sound are" if self.damaged > 1 else "packet of its sound is"
            _say(f"{self._source}: {self.damaged} {some} damaged and left out")
            self.damaged = 0

    def _read(self) -> Generator[tuple[float, Any], None, None]:
        """Packets of the output in the order of the file, each with its time in seconds."""
        if not self._tracks:
            return
        past: set[int] = set()
        held: dict[int, list[Any]] = {index: [] for index in self._tracks}
        for packet in self._placed():
            index, begin = packet.stream.index, float(packet.pts * packet.time_base)
            if begin >= self._end:
                past.add(index)
                if len(past) == len(self._tracks):
                    break
                continue
            if self._cut and begin + float((packet.duration or 0) * packet.time_base) <= 0:
                held[index] = [*held[index], packet][-_PREROLL:]
                continue
            before, held[index] = held[index], []
            for one in [*before, packet]:
                yield from self._taken(index, one)
        for track in self._tracks.values():
            with contextlib.suppress(self._av.FFmpegError):
                yield from _timed(track.flush())

    def _taken(self, index: int, packet: Any) -> Iterator[tuple[float, Any]]:
        track, negative = self._tracks[index], packet.pts < 0
        if negative and self._cut and isinstance(track, CopiedTrack) and not self._kind.trims:
            return  # a container that cannot say "from here" would play it from the packet's beginning
        try:
            yield from _timed(track.take(packet))
        except self._av.FFmpegError:
            self.damaged += 1

    def _placed(self) -> Iterator[Any]:
        """The source's packets, their times counted from the first frame, by the clock that the picture has too."""
        expected: dict[int, int] = {}  # when the next packet is due, by the file's own clock
        clocks = {index: Clock.of(self._source, self._input, index) for index in self._tracks}
        latest: dict[int, int] = {}  # when the last packet was due
        for packet in self._demuxed():
            if packet.dts is None or packet.pts is None or packet.stream.index not in self._tracks:
                continue
            index, base = packet.stream.index, packet.time_base
            time = float(packet.dts * base)
            self._count_missing(packet, expected.get(index))
            expected[index] = packet.dts + (packet.duration or 0)
            offset = round((clocks[index](time) - time - self._cut) / base)
            back = latest.get(index, packet.dts + offset - 1) + 1 - packet.dts - offset
            if back * base > _OVERLAP:
                continue  # sound that was there already, where recordings were joined
            offset += max(0, back)
            packet.pts += offset
            packet.dts += offset
            latest[index] = packet.dts
            yield packet

    def _count_missing(self, packet: Any, expected: int | None) -> None:
        """Count packets that damage has made unrecognizable: in a transport stream, there is a gap in the times then."""
        if expected and packet.duration and self._may_miss:
            gap = packet.dts - expected
            if 0 < gap * packet.time_base < _LONGEST_GAP:
                self.damaged += round(gap / packet.duration)

    def _demuxed(self) -> Iterator[Any]:
        """Every packet that can be read: reading goes on behind damage."""
        failures = 0
        while failures < _DAMAGED_IN_A_ROW:
            try:
                for packet in self._input.demux(list(self._input.streams.audio)):
                    failures = 0
                    yield packet
            except self._av.FFmpegError:
                failures += 1
                continue
            return


def open_near(path: Path, seconds: float) -> Any:
    """Open a file to be read from a little before a time on; from its start, where that cannot be searched for."""
    from streamcam.system.ffmpeg import av, open_container

    container = open_container(path)
    if seconds > _EARLIER and (not may_jump(container) or is_straight(path)):
        try:
            container.seek((container.start_time or 0) + round((seconds - _EARLIER) * av.time_base))
        except av.FFmpegError:
            container.close()
            return open_container(path)
    return container


def first_packets(path: Path, begin: float, end: float) -> dict[int, list[Any]]:
    """Some packets of each sound track from between two times, by the track's index."""
    from streamcam.system.ffmpeg import av

    found: dict[int, list[Any]] = {}
    with open_near(path, begin) as container:
        tracks = container.streams.audio
        start, anywhere = (container.start_time or 0) / av.time_base, may_jump(container)
        try:
            for number, packet in enumerate(container.demux(list(tracks))):
                if packet.dts is not None and packet.pts is not None and packet.size:
                    time = float(packet.pts * packet.time_base) - start
                    if anywhere or begin - _SHORT < time < end:
                        found.setdefault(packet.stream.index, []).append(packet)
                if number > _TRIED_FAR or all(len(found.get(t.index, ())) >= _TRIED_PACKETS for t in tracks):
                    break
        except av.FFmpegError:
            pass  # what was found before will do
    return found


def can_hold(kind: Container, form: str, stream: Any, packets: list[Any]) -> bool:
    """Whether a container takes a sound track as it is: its packets are written in memory, and read again.

    Lists of codecs promise too much, and some tracks are refused only at their first packet.
    """
    from streamcam.system.ffmpeg import av, open_container

    if stream.codec_context is None or not packets or codec_of(stream).startswith(kind.misread):
        return False
    file = io.BytesIO()
    try:
        with open_container(file, "w", format=form, options=dict(kind.options)) as trial:
            track = CopiedTrack(stream, trial)
            first, taken = packets[0].dts, []
            for packet in packets:
                packet.pts, packet.dts = packet.pts - first, packet.dts - first
                with contextlib.suppress(av.FFmpegError):  # a damaged one says nothing of the others
                    taken += list(track.take(packet))
            trial.mux(taken)
        file.seek(0)
        with open_container(file) as written:
            [kept] = written.streams.audio
            return codec_of(kept) == codec_of(stream) and any(packet.size for packet in written.demux(kept))
    except (av.FFmpegError, ValueError):
        return False


def codec_of(stream: Any) -> str:
    """The usual name of a track's codec; the layers of MPEG sound, which any of their decoders reads, have one name."""
    context = stream.codec_context
    name = str(context.codec.canonical_name) if context else "unknown"
    return "mp3" if name in _MPEG_LAYERS else name


def _timed(packets: Iterator[Any]) -> Iterator[tuple[float, Any]]:
    for packet in packets:
        if packet.dts is not None:
            yield float(packet.dts * packet.time_base), packet


def _named(codecs: list[str]) -> str:
    return " and ".join(dict.fromkeys(codecs))


def _say(line: str) -> None:
    warnings.warn(line, StreamcamWarning, stacklevel=6)
