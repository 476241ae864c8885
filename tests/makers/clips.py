"""Clips made on the spot, and what another reader finds in a file."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from streamcam.system.ffmpeg import av
from streamcam.types import Explanation, Region


def picture(index: int, width: int = 64, height: int = 48) -> np.ndarray:
    """A frame that tells its index by its colour, with its upper left corner white."""
    image = np.full((height, width, 3), (index * 8 % 256, 128, 255 - index * 8 % 256), np.uint8)
    image[: height // 3, : width // 4] = 255
    return image


@cache
def _noise(size: tuple[int, int]) -> np.ndarray:
    """Nothing that compresses well, so that every frame has bytes of its own."""
    return np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)


def write_clip(
    path: Path,
    times: Iterable[int] | int = 20,
    *,
    time_base: Fraction = Fraction(1, 15_360),
    rate: Fraction | int = 30,
    size: tuple[int, int] = (64, 48),
    audio: str | None = None,
    audio_start: float = 0.0,
    audio_seconds: float | None = None,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    noise: bool = False,
) -> Path:
    """Write a clip with given ticks as frame times (a number means that many frames at the constant rate)."""
    rate = Fraction(rate)
    ticks = [round(i / rate / time_base) for i in range(times)] if isinstance(times, int) else list(times)
    with av.open(str(path), "w", options=options or {}) as container:
        video: Any = container.add_stream(codec, rate=rate)
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        video.time_base = video.codec_context.time_base = time_base
        sound: Any = container.add_stream(audio, rate=48_000, layout="stereo") if audio else None
        for index, tick in enumerate(ticks):
            image = np.roll(_noise(size), index, axis=1) if noise else picture(index, *size)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = tick, time_base
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound:
            seconds = audio_seconds or float(len(ticks) / rate)
            t = np.arange(int(48_000 * seconds)) / 48_000
            wave = (0.1 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
            name = sound.codec_context.format.name
            size_ = sound.codec_context.frame_size or 1024
            for start in range(0, len(wave), size_):
                block = np.stack([wave[start : start + size_]] * 2)
                if name == "s32p":
                    block = (block * 2**31).astype(np.int32)
                if name == "s16":
                    block = (block.T.reshape(1, -1) * 2**15).astype(np.int16)
                chunk = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format=name, layout="stereo")
                chunk.sample_rate, chunk.time_base = 48_000, Fraction(1, 48_000)
                chunk.pts = start + round(audio_start * 48_000)
                container.mux(sound.encode(chunk))
            container.mux(sound.encode(None))
    return path


def decoded(path: Path) -> list[tuple[float, np.ndarray]]:
    """Every frame as PyAV decodes it: seconds from the start of the file, and the BGR image."""
    with av.open(str(path)) as container:
        start = Fraction(container.start_time or 0, av.time_base)
        return [
            (float(frame.pts * frame.time_base - start), frame.to_ndarray(format="bgr24"))
            for frame in container.decode(video=0)
        ]


def audio_packets(path: Path) -> list[tuple[float, bytes]]:
    """Every audio packet: seconds from the start of the file, and its bytes."""
    with av.open(str(path)) as container:
        start = Fraction(container.start_time or 0, av.time_base)
        return [(float(p.pts * p.time_base - start), bytes(p)) for p in container.demux(audio=0) if p.pts is not None]


def explanation(width: int = 64, height: int = 48) -> Explanation:
    """An explanation as any explainer could give it."""
    probabilities = np.array([0.1, 0.7, 0.2], np.float32)
    heat = np.linspace(0, 2, 12, dtype=np.float32).reshape(1, 3, 4)
    classes = np.array([1], np.int32)
    return Explanation(heat, classes, probabilities[classes], probabilities, Region(0, 0, width, height))
