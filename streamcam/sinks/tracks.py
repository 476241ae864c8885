"""The ways of one sound track into an output: its packets as they are, or decoded and encoded again."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from streamcam.types import Float32Array

# Times on the coarse clocks of some containers are off by so much; what is further off is a gap, or sound twice.
_TOLERANCE = 0.004
_LONGEST_SILENCE = 600.0  # seconds; a longer gap is a broken clock
_KEPT_TAGS = ("language", "title", "handler_name")
_BIT_RATE = 64_000  # a channel


class Track(Protocol):
    """A sound track on its way into an output."""

    def take(self, packet: Any) -> Iterator[Any]:
        """The output's packets that come of one of the source, whose times count from the start of the output.

        Raises:
            av.FFmpegError: the packet is damaged.
        """
        ...

    def flush(self) -> Iterator[Any]:
        """What is left at the end."""
        ...


class CopiedTrack:
    """Packets as they are.

    Args:
        stream: the track of the source.
        output: the container; a track is added to it.
    """

    def __init__(self, stream: Any, output: Any) -> None:
        from streamcam.system.ffmpeg import av

        self._stream: Any = output.add_stream_from_template(stream)
        describe(self._stream, stream)
        self._filter: Any = None
        self._decoder: Any = None
        if needs_description(stream) and output.format.name != "mpegts":
            # AAC of a transport stream carries its description in every packet; files keep it once. And only a decoder
            # can tell its packets from noise that looks like one.
            self._decoder = stream.codec_context
            self._filter = av.BitStreamFilterContext("aac_adtstoasc", stream)

    def take(self, packet: Any) -> Iterator[Any]:
        """The packet itself."""
        time_base = packet.time_base
        if self._decoder:
            self._decoder.decode(packet)
        for ready in self._filter.filter(packet) if self._filter else [packet]:
            ready.stream, ready.time_base = self._stream, time_base
            yield ready

    def flush(self) -> Iterator[Any]:
        """Nothing."""
        return iter(())


class EncodedTrack:
    """Decoded sound, encoded again. Gaps become silence, what comes twice is left out, so that it stays in step.

    Args:
        stream: the track of the source.
        output: the container; a track is added to it.
        codec: the encoder.
        end: sound after this is left out, in seconds of the output.
    """

    def __init__(self, stream: Any, output: Any, codec: str, *, end: float) -> None:
        from streamcam.system.ffmpeg import av

        self._av, self._decoder = av, stream.codec_context
        rate, layout = usual_sound(stream, codec)
        self._stream: Any = output.add_stream(codec, rate=rate, layout=layout)
        context: Any = self._stream.codec_context
        context.bit_rate = _BIT_RATE * context.channels
        self._stream.time_base = context.time_base = Fraction(1, rate)
        describe(self._stream, stream)
        context.open()
        self._rate, self._layout, self._size = rate, layout, context.frame_size or 1024
        self._resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
        self._last = round(end * rate) if end != float("inf") else None
        self._waiting: list[Any] = []  # ``(channels, n)`` float32
        self._begin: int | None = None  # number of the first sample that waits
        self._end = 0  # number of the sample behind the last that waits

    def take(self, packet: Any) -> Iterator[Any]:
        """Encoded packets, as soon as there is enough sound for one."""
        for frame in self._decoder.decode(packet):
            yield from self._take_frame(frame)

    def flush(self) -> Iterator[Any]:
        """The rest."""
        for frame in self._decoder.decode(None):
            yield from self._take_frame(frame)
        for rest in self._resampler.resample(None):
            self._append(rest.to_ndarray().astype(np.float32, copy=False))
        yield from self._encode(whole=False)
        yield from self._stream.encode(None)

    def _take_frame(self, frame: Any) -> Iterator[Any]:
        position = None if frame.pts is None else round(frame.pts * frame.time_base * self._rate)
        samples = [part.to_ndarray() for part in self._resampler.resample(frame)]
        if not samples:
            return
        block: Float32Array = np.concatenate(samples, axis=1).astype(np.float32, copy=False)
        self._place(block, position)
        yield from self._encode(whole=True)

    def _place(self, block: Float32Array, position: int | None) -> None:
        """Put decoded sound where its time says."""
        if self._begin is None:
            block = block[:, max(0, -(position or 0)) :]  # nothing is heard before the first picture
            position = max(0, position or 0)
            if not block.shape[1]:
                return
            self._begin = self._end = position
        distance = 0 if position is None else position - self._end
        if abs(distance) > _TOLERANCE * self._rate:
            if distance < 0:
                block = block[:, -distance:]
            elif distance < _LONGEST_SILENCE * self._rate:
                self._append(np.zeros((len(block), distance), np.float32))
        self._append(block)

    def _append(self, block: Float32Array) -> None:
        if self._last is not None:
            block = block[:, : max(0, self._last - self._end)]
        if block.shape[1]:
            self._waiting.append(block)
            self._end += block.shape[1]

    def _encode(self, *, whole: bool) -> Iterator[Any]:
        """Encode what waits, in frames of the encoder's size; the rest only where it is not to stay ``whole``."""
        if self._begin is None or self._end == self._begin or (whole and self._end - self._begin < self._size):
            return
        waiting, at = np.concatenate(self._waiting, axis=1), 0
        while waiting.shape[1] - at >= (self._size if whole else 1):
            yield from self._stream.encode(self._frame(waiting[:, at : at + self._size]))
            at += self._size
        self._waiting = [waiting[:, at:]] if at < waiting.shape[1] else []
        self._begin = self._end - max(0, waiting.shape[1] - at)

    def _frame(self, block: Float32Array) -> Any:
        form = self._stream.codec_context.format
        if not form.is_planar:
            block = block.T.reshape(1, -1)
        if form.name.startswith("s16"):
            block = (block.clip(-1, 1) * 32767).astype(np.int16)
        frame = self._av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format=form.name, layout=self._layout)
        frame.sample_rate, frame.time_base = self._rate, Fraction(1, self._rate)
        assert self._begin is not None
        frame.pts = self._begin
        self._begin += block.shape[1] // (1 if form.is_planar else self._stream.codec_context.channels)
        return frame


def describe(target: Any, stream: Any) -> None:
    """Give a track of the output what players list of the source's: language, title, and which one is played by itself."""
    target.metadata.update({name: stream.metadata[name] for name in _KEPT_TAGS if name in stream.metadata})
    if title := stream.metadata.get("title"):
        target.metadata["handler_name"] = title  # what MP4 and MOV call it
    target.disposition = int(stream.disposition)


def needs_description(stream: Any) -> bool:
    """Whether a track is AAC whose description is in its packets."""
    context = stream.codec_context
    return context is not None and context.name == "aac" and not context.extradata


def usual_sound(stream: Any, codec: str) -> tuple[int, str]:
    """The rate and layout nearest to a track's that an encoder takes."""
    from streamcam.system.ffmpeg import av

    encoder, context = av.Codec(codec, "w"), stream.codec_context
    rates = sorted(encoder.audio_rates or [context.sample_rate])
    # Not below the track's own rate, where there is such a one.
    rate = next((rate for rate in rates if rate >= context.sample_rate), rates[-1])
    channels = context.layout.nb_channels
    layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}.get(channels, "stereo")
    if codec == "libopus" and channels > 2:
        layout = "stereo"  # FFmpeg's layouts and those that Opus has are not the same
    return rate, layout
